import { describe, expect, it } from 'vitest';
import type { Clock } from '../../environment/index.ts';
import { POOL_DEPTH_MICROS, POOL_DEPTH_MIN } from '../../limits.ts';
import { AdmissionDepth } from './admission-depth.ts';

describe('the depth of the pool that clients may fill', () => {
  const time = { micros: 0 };
  const clock: Clock = { now: () => time.micros, set: (_delay, _handler, label) => ({ label }), cancel: () => {} };
  const depth = new AdmissionDepth(clock);
  const blocks = (count: number, transactions: number): void => {
    for (let at = 0; at < count; at++) {
      time.micros += 500_000;
      depth.noteBlock(transactions);
    }
  };

  it('is never less than a short burst, however idle the chain was', () => {
    expect(depth.transactions).toBe(POOL_DEPTH_MIN);
    blocks(10, 0);
    expect(depth.transactions).toBe(POOL_DEPTH_MIN);
  });

  it('follows the pace of blocks up, and down again', () => {
    const perBlock = POOL_DEPTH_MIN;
    blocks(40, perBlock);
    const wanted = (perBlock / 0.5) * (POOL_DEPTH_MICROS / 1e6);
    expect(depth.transactions).toBeGreaterThan(0.99 * wanted);
    expect(depth.transactions).toBeLessThanOrEqual(wanted);
    blocks(40, 1);
    expect(depth.transactions).toBe(POOL_DEPTH_MIN);
  });
});
