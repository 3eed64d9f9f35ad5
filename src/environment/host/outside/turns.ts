import { TreadleError } from '../../../errors.ts';

/** So many at a time, the others in the order in which they came. How many may wait is bounded by who asks. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Runs `work` in its turn. @throws TreadleError OUTSIDE_TIMEOUT when nobody waits for it any more by then */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free--;
    try {
      if (signal.aborted) throw new TreadleError('OUTSIDE_TIMEOUT');
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
