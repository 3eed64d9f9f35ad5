import { invariant } from '../../errors.ts';
import type { Micros } from '../environment.ts';

/** What is wrong with the clock of a machine, from now on. What is left out stays as it is. */
export interface ClockFault {
  /** How far it is ahead of true time at this moment (negative: behind). */
  readonly skewMicros?: Micros;
  /** How much too fast it runs, in parts per million (negative: too slow). */
  readonly driftPpm?: number;
  /** Sets it on (negative: back) by this much, whatever it shows. */
  readonly jumpMicros?: Micros;
}

/** The clock of a machine: a line through true time, whose offset and slope faults change. It outlives the node's crashes. */
export class HardwareClock {
  /** What it showed at `sinceMicros`, as the difference from true time. */
  private offset: Micros = 0;
  private since: Micros = 0;
  private drift = 0;

  /** What it shows, since the start of the world; a fraction of a microsecond is cut off. */
  read(now: Micros): Micros {
    return Math.floor(now + this.offset + (now - this.since) * this.drift);
  }

  /** The true time in which it goes on by `micros`, or a little more. */
  trueMicros(micros: Micros): Micros {
    return this.drift === 0 ? micros : micros / (1 + this.drift) + 1;
  }

  fault(now: Micros, { skewMicros, driftPpm, jumpMicros = 0 }: ClockFault): void {
    invariant((driftPpm ?? 0) > -1_000_000, 'a clock runs forwards', { driftPpm });
    this.offset = (skewMicros ?? this.offset + (now - this.since) * this.drift) + jumpMicros;
    this.since = now;
    if (driftPpm !== undefined) this.drift = driftPpm / 1_000_000;
  }
}
