import type { ConsensusEffect } from '../consensus/index.ts';
import type { Environment, Timer } from '../environment/index.ts';
import { hasCode } from '../errors.ts';
import type { Ledger } from '../ledger/index.ts';
import { DISK_FULL_PAUSE_MICROS } from '../limits.ts';

interface Options {
  readonly environment: Environment;
  readonly ledger: Ledger;
  readonly fail: (error: unknown) => void;
}

/** Brings decided blocks onto the own chain: by committing what was agreed on here, or by fetching it. */
export class ConsensusChain {
  readonly #options: Options;
  #room: Timer | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  async commit(effect: Extract<ConsensusEffect, { type: 'commit' }>): Promise<void> {
    const { ledger } = this.#options;
    const { height, digest, proposal, certificate } = effect;
    if (height !== ledger.head.number + 1) return;
    try {
      await ledger.commit({ digest, proposal, certificate });
    } catch (error) {
      if (hasCode(error, 'DISK_FULL')) return this.#waitForRoom();
      // The block is final all the same: it comes with its bodies from whoever has them.
      if (!hasCode(error, 'LEDGER_NOT_NEXT') && !hasCode(error, 'LEDGER_BODIES_MISSING')) throw error;
      this.catchUp();
    }
  }

  /** Fetches what peers have. It ends quietly when nobody delivers: what it does reject with is a fault of this node. */
  catchUp(): void {
    const { ledger, fail } = this.#options;
    ledger.catchUp().catch((error: unknown) => (hasCode(error, 'DISK_FULL') ? this.#waitForRoom() : fail(error)));
  }

  stop(): void {
    if (this.#room !== undefined) this.#options.environment.clock.cancel(this.#room);
  }

  /** A block is final, but there is no room for it: it is fetched when there is. */
  #waitForRoom(): void {
    const { environment, ledger } = this.#options;
    environment.metrics.count('consensus_blocks_unrecorded_total');
    environment.log.error('consensus.block-unrecorded', { height: ledger.head.number + 1 });
    this.stop();
    this.#room = environment.clock.set(DISK_FULL_PAUSE_MICROS, () => this.catchUp(), 'room for a block');
  }
}
