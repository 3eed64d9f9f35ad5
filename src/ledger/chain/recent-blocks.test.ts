import { describe, expect, it } from 'vitest';
import { BLOCKS_CACHED_MAX, CACHED_TRANSACTIONS_MAX } from '../../limits.ts';
import { RecentBlocks } from './recent-blocks.ts';

const blockOf = (transactions: number) => ({ transactions: { length: transactions } });

describe('recent blocks', () => {
  it('are as many as the limit allows when they are small', () => {
    const recent = new RecentBlocks();
    for (let number = 0; number <= BLOCKS_CACHED_MAX; number++) recent.set(number, blockOf(1));
    expect(recent.get(0)).toBeUndefined();
    expect(recent.get(1)).toBeDefined();
    expect(recent.get(BLOCKS_CACHED_MAX)).toBeDefined();
  });

  it('are few when they are large, but the latest always', () => {
    const recent = new RecentBlocks();
    const half = CACHED_TRANSACTIONS_MAX / 2;
    for (const number of [1, 2, 3]) recent.set(number, blockOf(half));
    expect([1, 2, 3].map((number) => recent.get(number) !== undefined)).toEqual([false, true, true]);
    recent.set(3, blockOf(1));
    recent.set(4, blockOf(2 * CACHED_TRANSACTIONS_MAX));
    expect([2, 3, 4].map((number) => recent.get(number) !== undefined)).toEqual([false, false, true]);
    recent.set(5, blockOf(1));
    expect([4, 5].map((number) => recent.get(number) !== undefined)).toEqual([false, true]);
  });
});
