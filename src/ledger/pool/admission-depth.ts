import type { Clock, Micros } from '../../environment/index.ts';
import { POOL_DEPTH_MICROS, POOL_DEPTH_MIN } from '../../limits.ts';

/** How much of the pace is that of the latest block. */
const LATEST_SHARE = 0.3;

/**
 * How many of its own clients' transactions may wait before a node tells them to come back: what blocks take up of them in
 * POOL_DEPTH_MICROS at the present pace. A node that takes in more than is committed spends its processor on what only waits,
 * and then less is committed. What peers pass on is not counted: they have taken it in already.
 */
export class AdmissionDepth {
  private readonly clock: Clock;
  private lastBlockAt: Micros | undefined;
  private perSecond = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** A block took so many transactions of this node's clients. */
  noteBlock(transactions: number): void {
    const now = this.clock.now();
    const tookMicros = now - (this.lastBlockAt ?? now);
    this.lastBlockAt = now;
    if (tookMicros <= 0) return;
    this.perSecond = LATEST_SHARE * ((transactions * 1e6) / tookMicros) + (1 - LATEST_SHARE) * this.perSecond;
  }

  get transactions(): number {
    return Math.max(POOL_DEPTH_MIN, Math.floor((this.perSecond * POOL_DEPTH_MICROS) / 1e6));
  }
}
