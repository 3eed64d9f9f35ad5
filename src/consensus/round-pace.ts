import { invariant } from '../errors.ts';
import { BASE_TIMEOUT_MICROS_MAX, PACE_SAMPLES_MAX, ROUNDS_BEHIND_MAX } from '../limits.ts';

/** Times the measured time, so that a height which takes somewhat longer than most is not given up. */
const MARGIN = 3;
/** Share of the samples that are to be below the one that counts: a few slow heights move nothing, a slower network does. */
const QUANTILE = 0.75;
/** Fewer samples say nothing of the network. */
const SAMPLES_MIN = 4;

/**
 * The base of the round timeouts, adapted to what rounds take here: three times the upper quartile of the last rounds that
 * decided, between the chain's own minimum and a maximum. It sees how long a round took from having something to agree on
 * to its decision. Rounds in which nothing was decided are no measure, or every dead proposer would make the next timeout
 * longer. A round that decided after its time was over is one, and the one that counts most: it says by how much the base is
 * too short, where the time since the node went on to the next round would say that it is long enough.
 */
export class RoundPace {
  readonly #minMicros: number;
  readonly #samples: number[] = [];
  /** When the rounds of this height began to have something to agree on, by number. */
  readonly #sinceMicros = new Map<number, number>();
  /** The next timer of the core is that of an idle height. */
  #idle = false;

  /** @param minMicros - the base that the chain is configured with; it is never less */
  constructor(minMicros: number) {
    this.#minMicros = minMicros;
  }

  /** A height begins: idle, unless a core resumes in the middle of it. */
  begin(resumes: boolean): void {
    this.#sinceMicros.clear();
    this.#idle = !resumes;
  }

  /** The core starts the timer of a round, or starts it anew: the round has its time from now on. */
  noteTimer(round: number, nowMicros: number): void {
    if (this.#idle) {
      this.#idle = false;
      return;
    }
    this.#sinceMicros.set(round, nowMicros);
    // Votes of lower rounds are not kept either, so none of them decides.
    for (const old of this.#sinceMicros.keys()) if (old < round - ROUNDS_BEHIND_MAX) this.#sinceMicros.delete(old);
  }

  /** The height is decided, by the votes of `round`, in which the node may be no longer. */
  noteDecision(round: number, nowMicros: number): void {
    const sinceMicros = this.#sinceMicros.get(round);
    this.#sinceMicros.clear();
    if (sinceMicros === undefined) return;
    invariant(nowMicros >= sinceMicros, 'time goes on', { sinceMicros, nowMicros });
    this.#samples.push(nowMicros - sinceMicros);
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
