import { beforeEach, describe, expect, it } from 'vitest';
import type { dataFeedArtifact } from '../../src/contracts/index.ts';
import { expectRefusal } from './expect-refusal.ts';
import { addressFor, type TestContract } from './harness.ts';
import { createOracle, FEE, FEED, numberResult, type Oracle, placeFeed } from './pedal-fixture.ts';

const anyone = addressFor('anyone');
const SOURCE_UNREACHABLE = 2;
const HEARTBEAT = 3_600;

describe('a data feed', () => {
  let oracle: Oracle;
  let feed: TestContract<typeof dataFeedArtifact.abi>;

  beforeEach(async () => {
    oracle = await createOracle({ expectedWinners: 9 });
    await oracle.elect();
    feed = await placeFeed(oracle.chain);
    await oracle.chain.fund(FEED, 10n * FEE);
    await oracle.chain.fund(anyone, 10n * FEE);
  });

  /** The oracle answers the feed's open request. */
  const answer = async (value: bigint, change: { reason?: number; result?: `0x${string}` } = {}) => {
    const id = await feed.read('openRequest', []);
    const observedAt = BigInt(oracle.chain.now());
    const outcome = oracle.outcome(id, { result: numberResult(value), observedAt, ...change });
    const signed = await oracle.sign(oracle.term(), outcome);
    const { events } = await oracle.pedal.write((await oracle.master()).account, 'answer', [oracle.term(), outcome, signed]);
    return { id, observedAt, delivered: events.find(({ name }) => name === 'Delivered')?.args['worked'] };
  };

  it('reads as consumers of other feeds read', async () => {
    expect(await feed.read('decimals', [])).toBe(2);
    expect(await feed.read('description', [])).toBe('oven temperature');
    expect(await feed.read('version', [])).toBe(1n);
    await expectRefusal(feed.read('latestRoundData', []), 'NoDataPresent', [0n]);
    const startedAt = BigInt(oracle.chain.now());
    await feed.write(anyone, 'poll', []);
    oracle.chain.advance(5);
    const { observedAt, delivered } = await answer(-1_234n);
    expect(delivered).toBe(true);
    const round = [1n, -1_234n, startedAt, observedAt, 1n];
    expect(await feed.read('latestRoundData', [])).toEqual(round);
    expect(await feed.read('getRoundData', [1n])).toEqual(round);
    expect(await feed.read('latestAnswer', [])).toBe(-1_234n);
    expect(await feed.read('latestTimestamp', [])).toBe(observedAt);
    await expectRefusal(feed.read('getRoundData', [2n]), 'NoDataPresent', [2n]);
  });

  it('is asked for by the heartbeat, at its own expense, one round at a time', async () => {
    await feed.write(anyone, 'poll', []);
    await expectRefusal(feed.write(anyone, 'poll', []), 'RoundOpen');
    const { observedAt } = await answer(100n);
    await expectRefusal(feed.write(anyone, 'poll', []), 'StillFresh', [observedAt + BigInt(HEARTBEAT)]);
    oracle.chain.advance(HEARTBEAT);
    await feed.write(anyone, 'poll', []);
    await answer(100n);
    expect(await feed.read('latestRound', [])).toBe(2n);
    expect(await oracle.chain.balance(FEED)).toBe(8n * FEE);
  });

  it('gives back the deposit of a claim that was right, and keeps it of one that was not', async () => {
    await expectRefusal(feed.write(anyone, 'claimDeviation', [], FEE), 'FirstRoundMissing');
    await feed.write(anyone, 'poll', []);
    await answer(10_000n);
    await feed.write(anyone, 'claimDeviation', [], FEE);
    await answer(10_099n);
    expect(await feed.read('latestAnswer', [])).toBe(10_000n);
    await expectRefusal(feed.write(anyone, 'withdraw', []), 'NothingOwed');
    await feed.write(anyone, 'claimDeviation', [], FEE);
    await answer(10_100n);
    expect(await feed.read('latestAnswer', [])).toBe(10_100n);
    const before = await oracle.chain.balance(anyone);
    await feed.write(anyone, 'withdraw', []);
    expect(await oracle.chain.balance(anyone)).toBe(before + FEE);
  });

  it('measures deviation around zero, below it and at the ends without overflow', async () => {
    const [least, most] = [-(2n ** 255n), 2n ** 255n - 1n];
    let last = 0n;
    await feed.write(anyone, 'poll', []);
    await answer(last);
    for (const [value, moved] of [
      [0n, false],
      [1n, true],
      [-100n, true],
      [-100n, false],
      [-101n, true],
      [most, true],
      [most - 1n, false],
      [least, true],
      [0n, true],
    ] as const) {
      await oracle.chain.fund(anyone, FEE);
      await feed.write(anyone, 'claimDeviation', [], FEE);
      await answer(value);
      if (moved) last = value;
      expect(await feed.read('latestAnswer', []), String(value)).toBe(last);
      oracle.toNextTerm();
      await oracle.elect();
    }
  });

  it('owes a claim that was not answered what the oracle gives back', async () => {
    await feed.write(anyone, 'poll', []);
    await answer(5n);
    const funds = await oracle.chain.balance(FEED);
    await feed.write(anyone, 'claimDeviation', [], 2n * FEE);
    oracle.chain.advance(120);
    await oracle.pedal.write(anyone, 'expire', [await feed.read('openRequest', [])]);
    expect(await feed.read('owed', [anyone])).toBe((2n * FEE * 9n) / 10n);
    await feed.write(anyone, 'withdraw', []);
    expect(await oracle.chain.balance(FEED)).toBe(funds);
  });

  it('starts anew after a failure, an expiry and an answer that is no number', async () => {
    await feed.write(anyone, 'poll', []);
    await answer(0n, { reason: SOURCE_UNREACHABLE, result: '0x' });
    expect(await feed.read('openRequest', [])).toBe(0n);
    await feed.write(anyone, 'poll', []);
    oracle.chain.advance(120);
    await oracle.pedal.write(anyone, 'expire', [await feed.read('openRequest', [])]);
    expect(await feed.read('openRequest', [])).toBe(0n);
    await feed.write(anyone, 'poll', []);
    await expectRefusal(feed.write(anyone, 'sync', []), 'NothingToSync', []);
    expect((await answer(0n, { result: '0x1234' })).delivered).toBe(false);
    await expectRefusal(feed.write(anyone, 'poll', []), 'RoundOpen');
    await feed.write(anyone, 'sync', []);
    await expectRefusal(feed.write(anyone, 'sync', []), 'NothingToSync', []);
    await feed.write(anyone, 'poll', []);
    expect((await answer(7n)).delivered).toBe(true);
    expect(await feed.read('latestRound', [])).toBe(1n);
  });

  it('says so when it cannot pay', async () => {
    const { chain } = await createOracle({ expectedWinners: 9 });
    const poor = await placeFeed(chain);
    await expectRefusal(poor.write(anyone, 'poll', []), 'FeedIsPoor', [0n, FEE]);
  });
});
