import { type ConsensusEffect, RoundPace } from '../consensus/index.ts';
import type { Clock, Timer } from '../environment/index.ts';

/** Keeps the one timer that a consensus core has, and sees by it how long rounds take that decide. */
export class RoundClock {
  readonly #clock: Clock;
  readonly #pace: RoundPace;
  #timer: Timer | undefined;
  /** When the present round began to have something to agree on; undefined while the height is idle. */
  #sinceMicros: number | undefined;
  /** The next timer of the core is that of an idle height. */
  #idle = false;

  /** @param baseTimeoutMicros - the base that the chain is configured with */
  constructor(clock: Clock, baseTimeoutMicros: number) {
    this.#clock = clock;
    this.#pace = new RoundPace(baseTimeoutMicros);
  }

  /** The time that round 0 of the next height is given. */
  get baseTimeoutMicros(): number {
    return this.#pace.baseTimeoutMicros;
  }

  /** A height begins: idle, unless a core resumes in the middle of it. */
  begin(resumes: boolean): void {
    this.#sinceMicros = undefined;
    this.#idle = !resumes;
  }

  /** The present height is decided. */
  end(): void {
    this.cancel();
    if (this.#sinceMicros !== undefined) this.#pace.note(this.#clock.now() - this.#sinceMicros);
    this.#sinceMicros = undefined;
  }

  /** Replaces the running timer. */
  set({ height, round, delayMicros }: Extract<ConsensusEffect, { type: 'timer' }>, fire: () => void): void {
    this.cancel();
    if (this.#idle) this.#idle = false;
    else this.#sinceMicros = this.#clock.now();
    this.#timer = this.#clock.set(delayMicros, fire, `round ${round} of height ${height}`);
  }

  cancel(): void {
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer);
  }
}
