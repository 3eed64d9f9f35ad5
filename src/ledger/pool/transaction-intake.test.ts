import { describe, expect, it } from 'vitest';
import { POOL_DEPTH_MIN, POOL_DEPTH_RETRY_MS, POOL_GAPS_SHARE } from '../../limits.ts';
import { TestConsortium } from '../testing/consortium.ts';
import { signedBy, testKey, WORKBENCH } from '../testing/fixtures.ts';

const PER_SENDER = 256;

/** Transactions of several senders, each sender's in order. */
function transactions(from: number, to: number) {
  return Array.from({ length: to - from }, (_, at) => {
    const sender = Math.floor((from + at) / PER_SENDER);
    return { raw: signedBy(testKey(sender), { nonce: (from + at) % PER_SENDER, to: WORKBENCH }) };
  });
}

const taken = expect.stringMatching(/^0x/);

describe('what a node takes in of its clients', () => {
  it('is no more than the next blocks take, while what peers pass on still has room', async () => {
    const consortium = new TestConsortium();
    const [first, second] = await consortium.addSealers();
    const submit = (node: typeof first, items: ReturnType<typeof transactions>) =>
      consortium.world.run(node.ledger.submitMany(items));
    const results = await submit(first, transactions(0, POOL_DEPTH_MIN + 10));
    expect(results.filter((result) => typeof result === 'string')).toHaveLength(POOL_DEPTH_MIN);
    expect(results.slice(POOL_DEPTH_MIN)).toMatchObject(
      Array.from({ length: 10 }, () => ({ code: 'POOL_FULL', data: { retryAfterMs: POOL_DEPTH_RETRY_MS } })),
    );
    await consortium.settle();
    // Another node's clients are another matter.
    expect(second.ledger.pendingCount()).toBe(POOL_DEPTH_MIN);
    const more = transactions(POOL_DEPTH_MIN, POOL_DEPTH_MIN + 10);
    expect(await submit(second, more)).toEqual(more.map(() => taken));
    await consortium.settle();
    await consortium.decide();
    expect(await submit(first, transactions(POOL_DEPTH_MIN + 10, POOL_DEPTH_MIN + 20))).toContainEqual(taken);
  });

  it('leaves room for what others wait for', async () => {
    const consortium = new TestConsortium();
    const [node] = await consortium.addSealers();
    const half = POOL_GAPS_SHARE * POOL_DEPTH_MIN;
    const withoutFirst = transactions(0, 2 * half).filter((_, at) => at % PER_SENDER !== 0);
    const results = await consortium.world.run(node.ledger.submitMany(withoutFirst));
    expect(results.filter((result) => typeof result === 'string')).toHaveLength(half);
    const firsts = transactions(0, 2 * half).filter((_, at) => at % PER_SENDER === 0);
    expect(await consortium.world.run(node.ledger.submitMany(firsts))).toEqual(firsts.map(() => taken));
  });
});
