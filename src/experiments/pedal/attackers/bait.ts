import { PEDAL_ADDRESS } from '../../../contracts/index.ts';
import { numberSpec, requestData } from '../load.ts';
import type { Stage } from './attacker.ts';

/** The attackers' own source, which nobody runs: whatever is answered for it is invented. */
export const BAIT_SOURCE = 'nowhere';
const LIFE_SECONDS = 40;

/**
 * A request for a source that does not exist stays pending for long: attackers aim at it, since honest requests are answered before
 * anybody could forge something for them.
 */
export class Bait {
  readonly #stage: Stage;
  #asking = false;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** The oldest pending one that will not end soon; undefined while there is none, and then one is asked for. */
  id(): bigint | undefined {
    const { referee, cluster } = this.#stage;
    const now = cluster.world.now / 1e6;
    const open = referee.pending.find(
      ({ asked, expiresAt }) => asked.source === BAIT_SOURCE && expiresAt > now + LIFE_SECONDS / 2,
    );
    if (open === undefined) void this.#ask();
    return open?.id;
  }

  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const { accounts, cluster, feeWei } = this.#stage;
    const data = requestData(numberSpec(BAIT_SOURCE), Math.floor(cluster.world.now / 1e6) + LIFE_SECONDS);
    await accounts.send(accounts.account('bait'), { to: PEDAL_ADDRESS, data, valueWei: feeWei });
    this.#asking = false;
  }
}
