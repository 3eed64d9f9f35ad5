import { describe, expect, it } from 'vitest';
import { CALL_GAS_MAX } from '../../limits.ts';
import { type CallContext, method, optional, parseBoolean, parseText, required } from './method.ts';
import { parseBlockId, parseBlockNumber } from './parse-block-id.ts';
import { parseCallRequest, parseNoOverride } from './parse-call-request.ts';
import { parseLogFilter } from './parse-log-filter.ts';
import { RpcError } from './rpc-error.ts';

const where = 'parameter 1 (x)';
const hash = `0x${'ab'.repeat(32)}` as const;
const address = `0x${'cd'.repeat(20)}` as const;
const context: CallContext = { afterAnswer: () => undefined };

function codeOf(run: () => unknown): number {
  try {
    run();
  } catch (error) {
    if (error instanceof RpcError) return error.code;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('method', () => {
  const greet = method('Greets.', [required('name', parseText), optional('loud', parseBoolean, false)], ([name, loud]) =>
    loud ? `${name}!` : name,
  );

  it('reads parameters by position and by name', async () => {
    expect(await greet.invoke(['a', true], context)).toBe('a!');
    expect(await greet.invoke(['a', null], context)).toBe('a');
    expect(await greet.invoke({ loud: true, name: 'b' }, context)).toBe('b!');
  });

  it.each([
    [[], /parameter 1 \(name\) is missing/],
    [undefined, /parameter 1 \(name\) is missing/],
    [[1], /parameter 1 \(name\): expected a string, got 1/],
    [['a', 'yes'], /parameter 2 \(loud\): expected true or false, got "yes"/],
    [['a', true, 3], /too many parameters: want at most 2, got 3/],
    [{ name: 'a', laud: true }, /unknown parameter "laud"/],
  ])('refuses %j', async (params, message) => {
    await expect(greet.invoke(params, context)).rejects.toMatchObject({
      code: -32602,
      message: expect.stringMatching(message) as string,
    });
  });

  it('refuses params that are no structure', async () => {
    await expect(greet.invoke('a', context)).rejects.toMatchObject({ code: -32600 });
  });
});

describe('parseBlockId', () => {
  it('takes tags, numbers, hashes and the object of EIP-1898', () => {
    expect(parseBlockId('latest', where)).toBe('latest');
    expect(parseBlockId('0x1b4', where)).toBe(436);
    expect(parseBlockId(hash, where)).toBe(hash);
    expect(parseBlockId({ blockNumber: '0x2' }, where)).toBe(2);
    expect(parseBlockId({ blockHash: hash, requireCanonical: true }, where)).toBe(hash);
    expect(parseBlockId(`0x${'f'.repeat(40)}`, where)).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each(['newest', '12', 12, '0x', '0x01', {}, [], true])('refuses %j', (value) => {
    expect(codeOf(() => parseBlockId(value, where))).toBe(-32602);
  });

  it('takes no hash where a number is wanted', () => {
    expect(codeOf(() => parseBlockNumber(hash.replace('ab', '0b'), where))).toBe(-32602);
  });
});

describe('parseCallRequest', () => {
  it('keeps what the ledger runs and bounds the gas', () => {
    const parsed = parseCallRequest(
      { from: address, to: address, input: '0x01', value: '0x2', gas: '0xffffffffffff', gasPrice: '0x0', unknown: 1 },
      where,
    );
    expect(parsed.request).toEqual({ from: address, to: address, data: Uint8Array.of(1), value: 2n, gas: CALL_GAS_MAX });
    expect(parseCallRequest({ data: '0x' }, where).request).toEqual({ data: new Uint8Array(0) });
  });

  it('wants input and data to agree', () => {
    expect(parseCallRequest({ data: '0x01', input: '0x01' }, where).request.data).toEqual(Uint8Array.of(1));
    expect(() => parseCallRequest({ data: '0x01', input: '0x02' }, where)).toThrow(/"input" and "data" to be equal/);
  });

  it('prices an access list', () => {
    expect(parseCallRequest({ accessList: [{ address, storageKeys: [hash, hash] }] }, where).accessListGas).toBe(6_200n);
    expect(codeOf(() => parseCallRequest({ accessList: [{ address, storageKeys: ['0x1'] }] }, where))).toBe(-32602);
  });

  it('says what it cannot do', () => {
    expect(codeOf(() => parseCallRequest({ authorizationList: [{}] }, where))).toBe(-32004);
    expect(codeOf(() => parseNoOverride({ [address]: { balance: '0x1' } }, where))).toBe(-32004);
    expect(parseNoOverride({}, where)).toBeUndefined();
  });

  it.each([{ to: '0x12' }, { gas: 5 }, { data: 'ff' }, { gasPrice: 'free' }, [], 'x'])('refuses %j', (value) => {
    expect(codeOf(() => parseCallRequest(value, where))).toBe(-32602);
  });
});

describe('parseLogFilter', () => {
  it('takes one address or many, and topics with alternatives', () => {
    const { criteria } = parseLogFilter({ address, topics: [null, hash, [hash, hash], []] }, where);
    expect(criteria).toEqual({ addresses: [address], topics: [[], [hash], [hash, hash], []] });
    expect(parseLogFilter({ address: [address, address] }, where).criteria.addresses).toHaveLength(2);
  });

  it('takes a range or a block hash, not both', () => {
    expect(parseLogFilter({ fromBlock: '0x1', toBlock: 'latest' }, where)).toMatchObject({ fromBlock: 1, toBlock: 'latest' });
    expect(parseLogFilter({ blockHash: hash }, where).blockHash).toBe(hash);
    expect(codeOf(() => parseLogFilter({ blockHash: hash, fromBlock: '0x1' }, where))).toBe(-32602);
  });

  it('bounds the alternatives', () => {
    expect(codeOf(() => parseLogFilter({ address: Array.from({ length: 1001 }, () => address) }, where))).toBe(-32005);
    expect(codeOf(() => parseLogFilter({ topics: [[...Array.from({ length: 1001 }, () => hash)]] }, where))).toBe(-32005);
    expect(codeOf(() => parseLogFilter({ topics: [null, null, null, null, null] }, where))).toBe(-32602);
  });
});
