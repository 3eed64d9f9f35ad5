import { encodeAbiParameters, encodeEventTopics } from 'viem';
import { describe, expect, it } from 'vitest';
import { dataFeedArtifact, jobId, PEDAL_ADDRESS, pedalArtifact, requestReasons } from '../../contracts/index.ts';
import { type Address, type Hex, keyFrom, toHex } from '../../crypto/index.ts';
import { createWorld } from '../../environment/sim/index.ts';
import type { LogRecord } from '../../ledger/index.ts';
import { sealAnswer } from '../../oracle/index.ts';
import type { SeenBlock } from './block-watch.ts';
import type { SourceSettings } from './format/pedal-scenario.ts';
import { numberSpec } from './load.ts';
import { Referee } from './referee.ts';
import { Sources, sourceUrl } from './sources.ts';

const ASKER: Address = '0x00000000000000000000000000000000000000a1';
const FEED: Address = '0x00000000000000000000000000000000000000f1';
const NODE: Address = '0x00000000000000000000000000000000000000b1';
const KEY = keyFrom(new Uint8Array(32).fill(5));
const EXPIRES_AT = 2_000_000_000n;
const FEE = 100n;
const utf8 = new TextEncoder();

const SOURCE: SourceSettings = {
  name: 'oven',
  says: 'number',
  value: 20,
  driftPerSecond: 1,
  noise: 0,
  sizeBytes: 0,
  changesMicros: undefined,
  delayMicros: 0,
  slowShare: 0,
  slowMicros: 0,
  down: undefined,
};

/** A referee, with one request that is open, and a source that said 20 to 22 while it was. */
async function refereed(spec = numberSpec('oven'), settings: readonly SourceSettings[] = [SOURCE], requester = ASKER) {
  const world = createWorld({ seed: 1 });
  const sources = new Sources(world, settings, 'test');
  const environment = world.addNode(NODE);
  const referee = new Referee({
    sources,
    secretOf: () => KEY.privateKey,
    honest: (account) => (account === FEED ? 'feed' : account === ASKER ? 'account' : undefined),
    isWell: () => true,
    feeWei: FEE,
    forfeit: 1_000n,
  });
  let number = 0;
  const block = (logs: readonly LogRecord[], timestampMs = 1_000_000_000_000): void => {
    const header = { number: ++number, timestampMs };
    const receipts = [{ transactionHash: `0x${'11'.repeat(32)}`, logs }];
    referee.take({ block: { header, transactions: [] }, receipts, seenMicros: world.now } as unknown as SeenBlock);
  };
  block([requested(1n, spec, requester)]);
  for (let at = 0; at < 3; at++) {
    const url = `${sourceUrl(settings[0]?.name ?? 'oven')}`;
    const read = environment.outside.read({ kind: 'http', url }, { timeoutMicros: 1_000_000, maxBytes: 10_000 });
    await world.run(read.catch(() => undefined));
    await world.runFor(1_000_000);
  }
  return { referee, block, kinds: () => referee.findings.map(({ kind }) => kind) };
}

function pedalLog(eventName: string, args: Readonly<Record<string, unknown>>, data: Hex): LogRecord {
  const topics = encodeEventTopics({ abi: pedalArtifact.abi, eventName, args } as never);
  return { address: PEDAL_ADDRESS, topics, data } as unknown as LogRecord;
}

function requested(id: bigint, spec: string, requester: Address, depositWei = FEE): LogRecord {
  const data = encodeAbiParameters(
    [{ type: 'bytes' }, { type: 'uint64' }, { type: 'uint256' }],
    [toHex(utf8.encode(spec)), EXPIRES_AT, depositWei],
  );
  return pedalLog('Requested', { id, requester, job: jobId('data') }, data);
}

function answered(id: bigint, result: Hex, requester = ASKER): LogRecord {
  const data = encodeAbiParameters([{ type: 'bytes' }, { type: 'uint64' }], [result, 1n]);
  return pedalLog('Answered', { id, requester, term: 1n }, data);
}

function failed(id: bigint, reason: (typeof requestReasons)[number]): LogRecord {
  const data = encodeAbiParameters([{ type: 'uint8' }], [requestReasons.indexOf(reason)]);
  return pedalLog('RequestFailed', { id, requester: ASKER }, data);
}

function delivered(id: bigint, requester: Address): LogRecord {
  return pedalLog('Delivered', { id, requester }, encodeAbiParameters([{ type: 'bool' }], [true]));
}

function word(value: bigint): Hex {
  return encodeAbiParameters([{ type: 'int256' }], [value]);
}

describe('the referee', () => {
  it.each([2_003n, 2_150n, 2_203n])('takes %i for a source that said 20.01 to 22.03 and more', async (value) => {
    const { referee, block } = await refereed();
    block([answered(1n, word(value))]);
    expect(referee.findings).toEqual([]);
  });

  it.each([1_999n, 2_300n, -2_100n, 0n])('does not take %i', async (value) => {
    const { block, kinds } = await refereed();
    block([answered(1n, word(value))]);
    expect(kinds()).toEqual(['untrue']);
  });

  it('takes nothing for a source that nobody runs', async () => {
    const { block, kinds } = await refereed(numberSpec('nowhere'));
    block([answered(1n, word(2_100n))]);
    expect(kinds()).toEqual(['untrue']);
  });

  it('opens what was sealed, and compares it', async () => {
    const settings: SourceSettings = { ...SOURCE, name: 'recipe', says: 'bytes', sizeBytes: 40 };
    const spec = JSON.stringify({
      source: { kind: 'http', url: sourceUrl('recipe') },
      as: 'text',
      encryptTo: toHex(KEY.publicKey),
    });
    const one = await refereed(spec, [settings]);
    one.block([answered(1n, toHex(sealAnswer(utf8.encode('something else'), KEY.publicKey, new Uint8Array(32))))]);
    expect(one.kinds()).toEqual(['untrue']);
    const other = await refereed(spec, [settings]);
    other.block([answered(1n, toHex(utf8.encode('not sealed at all')))]);
    expect(other.kinds()).toEqual(['untrue']);
  });

  it.each<readonly [string, (block: (logs: readonly LogRecord[], at?: number) => void) => void, string]>([
    ['two ends', (block) => block([answered(1n, word(2_100n)), failed(1n, 'expired')], 2_100_000_000_000), 'ended twice'],
    ['an answer after the expiry', (block) => block([answered(1n, word(2_100n))], 2_000_000_000_000), 'ended late'],
    ['an expiry before it', (block) => block([failed(1n, 'expired')], 1_999_999_999_000), 'expired early'],
    ['an answer to nothing', (block) => block([answered(7n, word(1n))]), 'never asked'],
    ['a number given twice', (block) => block([requested(1n, numberSpec('oven'), ASKER)]), 'request twice'],
    ['a request without its deposit', (block) => block([requested(2n, numberSpec('oven'), ASKER, FEE - 1n)]), 'no deposit'],
    ['an answer to somebody else', (block) => block([answered(1n, word(2_100n), FEED)]), 'wrong requester'],
    ['a callback before the end', (block) => block([delivered(1n, ASKER)]), 'callback'],
    ['a callback to somebody else', (block) => block([answered(1n, word(2_100n)), delivered(1n, FEED)]), 'callback'],
    ['a failure of a source that was there', (block) => block([failed(1n, 'sourceUnreachable')]), 'untrue failure'],
    ['a refusal of what is allowed', (block) => block([failed(1n, 'notAllowed')]), 'untrue failure'],
  ])('finds %s', async (_what, happens, kind) => {
    const { block, kinds, referee } = await refereed();
    happens(block);
    expect(kinds()).toContain(kind);
    expect(referee.invalid).toBeGreaterThan(0);
  });

  it('lets a request fail whose source was down', async () => {
    const down = { everyMicros: 60_000_000, forMicros: 59_999_999 };
    const { block, referee } = await refereed(numberSpec('oven'), [{ ...SOURCE, down }]);
    block([failed(1n, 'sourceUnreachable')]);
    expect(referee.findings).toEqual([]);
    expect(referee.counts.refundedWei).toBe(90n);
  });

  it('finds a feed that holds what it was never answered', async () => {
    const { block, kinds } = await refereed(numberSpec('oven'), [SOURCE], FEED);
    const updated = (current: bigint): LogRecord => {
      const topics = encodeEventTopics({ abi: dataFeedArtifact.abi, eventName: 'AnswerUpdated', args: { current, roundId: 1n } });
      return { address: FEED, topics, data: encodeAbiParameters([{ type: 'uint256' }], [1n]) } as unknown as LogRecord;
    };
    block([answered(1n, word(2_100n), FEED), updated(2_100n)]);
    expect(kinds()).toEqual([]);
    block([updated(2_101n)]);
    expect(kinds()).toEqual(['callback']);
  });
});
