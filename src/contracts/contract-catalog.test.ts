import { encodeAbiParameters, encodeErrorResult, encodeEventTopics } from 'viem';
import { describe, expect, it } from 'vitest';
import { CONSORTIUM_ADDRESS, PAYMENT_CHANNELS_ADDRESS } from './addresses.ts';
import { contractCatalog, decodeEvent, decodeRefusal } from './contract-catalog.ts';
import { consortiumArtifact } from './generated/consortium.ts';
import { paymentChannelsArtifact } from './generated/payment-channels.ts';

/** viem gives it back as 0xABaB...: with a checksum in its letter case. */
const account = `0x${'ab'.repeat(20)}` as const;

describe('the catalog', () => {
  it('knows all contracts of the house', () => {
    expect([...contractCatalog.values()].map(({ name }) => name)).toEqual([
      'Consortium',
      'EdgeRegistry',
      'PaymentChannels',
      'OracleRegistry',
      'Pedal',
      'LaneControl',
      'SourceHeaders',
      'Outbox',
      'Inbox',
      'TrainingTasks',
      'FederalFile',
    ]);
  });

  it('puts logs into words, with addresses in lower case', () => {
    const topics = encodeEventTopics({ abi: consortiumArtifact.abi, eventName: 'CompanyAdded', args: { account } });
    const data = encodeAbiParameters([{ type: 'string' }], ['Ardent']);
    const log = { address: CONSORTIUM_ADDRESS, topics: topics as `0x${string}`[], data };
    expect(decodeEvent(log)).toEqual({
      contract: 'Consortium',
      name: 'CompanyAdded',
      args: { account, name: 'Ardent' },
    });
    expect(decodeEvent({ ...log, address: PAYMENT_CHANNELS_ADDRESS })).toBeUndefined();
    expect(decodeEvent({ ...log, address: account })).toBeUndefined();
    expect(decodeEvent({ ...log, topics: [] })).toBeUndefined();
    expect(decodeEvent({ ...log, data: '0x12' })).toBeUndefined();
  });

  it('puts refusals into words', () => {
    const data = encodeErrorResult({ abi: paymentChannelsArtifact.abi, errorName: 'AboveDeposit', args: [1n, 2n] });
    expect(decodeRefusal(PAYMENT_CHANNELS_ADDRESS, data)).toEqual({ errorName: 'AboveDeposit', args: [1n, 2n] });
    expect(decodeRefusal(CONSORTIUM_ADDRESS, data)).toBeUndefined();
    expect(decodeRefusal(PAYMENT_CHANNELS_ADDRESS, '0x')).toBeUndefined();
  });
});
