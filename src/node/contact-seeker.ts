import type { Environment, Timer } from '../environment/index.ts';
import { EXCHANGE_RETRY_MICROS_MAX, EXCHANGE_RETRY_MICROS_MIN } from '../limits.ts';
import { growingPauseMicros } from './growing-pause.ts';

interface Options {
  readonly environment: Environment;
  /** Reads what connected peers know until `enough` says so. */
  readonly ask: (enough: () => boolean) => Promise<void>;
  /** Whether somebody whom this node needs cannot be found. */
  readonly lacks: () => boolean;
}

/**
 * Asks the peers again for whom this node needs and cannot find, with growing pauses. A contact is offered with a new connection, and
 * judged by what the receiver knows of the members at that moment: a newcomer that has the chain still before it refuses whoever
 * became a member later, and nobody would offer it a second time.
 */
export class ContactSeeker {
  readonly #options: Options;
  #pause: Timer | undefined;
  #failures = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Somebody is lacking: asks after a pause, unless that is under way. */
  seek(): void {
    if (this.#pause !== undefined) return;
    const micros = growingPauseMicros(this.#failures, { min: EXCHANGE_RETRY_MICROS_MIN, max: EXCHANGE_RETRY_MICROS_MAX });
    this.#pause = this.#options.environment.clock.set(micros, () => void this.#ask(), 'contacts of members that are lacking');
  }

  stop(): void {
    if (this.#pause !== undefined) this.#options.environment.clock.cancel(this.#pause);
    this.#pause = undefined;
  }

  async #ask(): Promise<void> {
    const { ask, lacks, environment } = this.#options;
    if (lacks()) {
      environment.metrics.count('directory_contacts_sought_total');
      await ask(() => !lacks());
    }
    this.#failures = lacks() ? this.#failures + 1 : 0;
    this.#pause = undefined;
  }
}
