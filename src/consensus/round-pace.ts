import { invariant } from '../errors.ts';
import { BASE_TIMEOUT_MICROS_MAX, PACE_SAMPLES_MAX } from '../limits.ts';

/** Times the measured time, so that a height which takes somewhat longer than most is not given up. */
const MARGIN = 3;
/** Share of the samples that are to be below the one that counts: a few slow heights move nothing, a slower network does. */
const QUANTILE = 0.75;
/** Fewer samples say nothing of the network. */
const SAMPLES_MIN = 4;

/**
 * The base of the round timeouts, adapted to what rounds take here: three times the upper quartile of the last rounds that
 * decided, between the chain's own minimum and a maximum. It sees how long a round took from having something to agree on
 * to its decision; rounds that ran out are no measure, or every dead proposer would make the next timeout longer.
 */
export class RoundPace {
  readonly #minMicros: number;
  readonly #samples: number[] = [];

  /** @param minMicros - the base that the chain is configured with; it is never less */
  constructor(minMicros: number) {
    this.#minMicros = minMicros;
  }

  /** Notes how long a round took that decided its height. */
  note(tookMicros: number): void {
    invariant(Number.isFinite(tookMicros) && tookMicros >= 0, 'time goes on', { tookMicros });
    this.#samples.push(tookMicros);
    if (this.#samples.length > PACE_SAMPLES_MAX) this.#samples.shift();
  }

  get baseTimeoutMicros(): number {
    if (this.#samples.length < SAMPLES_MIN) return this.#minMicros;
    const sorted = this.#samples.toSorted((left, right) => left - right);
    const quartile = sorted[Math.ceil(QUANTILE * sorted.length) - 1] ?? 0;
    const wanted = Math.min(Math.round(MARGIN * quartile), BASE_TIMEOUT_MICROS_MAX);
    return Math.max(this.#minMicros, wanted);
  }
}
