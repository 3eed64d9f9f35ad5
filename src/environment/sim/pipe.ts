import type { Micros, Priority } from '../environment.ts';

/** Bytes per microsecond. */
export type Rate = number;

export function rateOf(bitsPerSecond: number): Rate {
  return bitsPerSecond / 8_000_000;
}

/**
 * Something with a rate that frames pass one after another: an uplink, a link, a downlink. Lazy: it only remembers until
 * when it is taken. A control frame overtakes the bulk that waits, whose planned end stays but whose successors start
 * later, so that the rate holds over time.
 */
export class Pipe {
  rate: Rate;
  private controlFreeAt: Micros = 0;
  private bulkFreeAt: Micros = 0;

  constructor(bitsPerSecond: number) {
    this.rate = rateOf(bitsPerSecond);
  }

  /** Nothing waits here. */
  get isUnlimited(): boolean {
    return this.rate === Number.POSITIVE_INFINITY;
  }

  /** When a bulk frame could begin. */
  get freeAt(): Micros {
    return Math.max(this.bulkFreeAt, this.controlFreeAt);
  }

  /** Takes the pipe for `bytes` from `at` on, or as soon as it is free; returns when the last bit is through. */
  reserve(at: Micros, bytes: number, priority: Priority): Micros {
    const duration = bytes / this.rate;
    if (priority === 'control') {
      const end = Math.max(at, this.controlFreeAt) + duration;
      this.controlFreeAt = end;
      this.bulkFreeAt = Math.max(this.bulkFreeAt, at) + duration;
      return end;
    }
    const end = Math.max(at, this.bulkFreeAt, this.controlFreeAt) + duration;
    this.bulkFreeAt = end;
    return end;
  }
}
