import type { Hex } from '../../crypto/index.ts';
import type { Clock, Micros } from '../../environment/index.ts';
import { SPREAD_AGAIN_AT_ONCE_MAX, SPREAD_AGAIN_MICROS_MAX, SPREAD_AGAIN_MICROS_MIN } from '../../limits.ts';
import type { SignedTransaction } from './transaction-codec.ts';

interface Waiting {
  readonly signed: SignedTransaction;
  readonly dueMicros: Micros;
  readonly pauseMicros: Micros;
}

/**
 * Own clients' transactions that no block has taken for a while. Others may have had no room when they were told of them, and then
 * this node alone could propose them: so they are told again, with growing pauses.
 */
export class SpreadAgain {
  private readonly clock: Clock;
  /** Those that are due first are not far from the front: pauses differ, but everything that is told again goes to the end. */
  private readonly waiting = new Map<Hex, Waiting>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  noteSpread(signed: SignedTransaction): void {
    if (this.waiting.has(signed.hash)) return;
    this.put(signed, SPREAD_AGAIN_MICROS_MIN);
  }

  /** It is in a block, or left the pool. */
  forget(hash: Hex): void {
    this.waiting.delete(hash);
  }

  /** What is to be told again now, at most SPREAD_AGAIN_AT_ONCE_MAX of them. */
  due(): readonly SignedTransaction[] {
    const now = this.clock.now();
    const due: Waiting[] = [];
    let looked = 0;
    for (const entry of this.waiting.values()) {
      if (due.length >= SPREAD_AGAIN_AT_ONCE_MAX || ++looked > 2 * SPREAD_AGAIN_AT_ONCE_MAX) break;
      if (entry.dueMicros <= now) due.push(entry);
    }
    for (const { signed, pauseMicros } of due) {
      this.waiting.delete(signed.hash);
      this.put(signed, Math.min(SPREAD_AGAIN_MICROS_MAX, 2 * pauseMicros));
    }
    return due.map(({ signed }) => signed);
  }

  private put(signed: SignedTransaction, pauseMicros: Micros): void {
    this.waiting.set(signed.hash, { signed, pauseMicros, dueMicros: this.clock.now() + pauseMicros });
  }
}
