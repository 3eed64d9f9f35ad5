import { type ConsensusEffect, RoundPace } from '../consensus/index.ts';
import type { Clock, Timer } from '../environment/index.ts';

/** Keeps the one timer that a consensus core has, and sees by it how long rounds take that decide. */
export class RoundClock {
  readonly #clock: Clock;
  readonly #pace: RoundPace;
  #timer: Timer | undefined;

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
    this.#pace.begin(resumes);
  }

  /** The present height is decided, by the votes of this round. */
  end(round: number): void {
    this.cancel();
    this.#pace.noteDecision(round, this.#clock.now());
  }

  /** Replaces the running timer. */
  set({ height, round, delayMicros }: Extract<ConsensusEffect, { type: 'timer' }>, fire: () => void): void {
    this.cancel();
    this.#pace.noteTimer(round, this.#clock.now());
    this.#timer = this.#clock.set(delayMicros, fire, `round ${round} of height ${height}`);
  }

  cancel(): void {
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer);
  }
}
