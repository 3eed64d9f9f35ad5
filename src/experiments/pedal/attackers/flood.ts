import { PEDAL_ADDRESS } from '../../../contracts/index.ts';
import type { AttackerSettings } from '../format/pedal-scenario.ts';
import { numberSpec, requestData } from '../load.ts';
import { type Attacker, repeat, type Stage, strangerOf, Tally } from './attacker.ts';
import { BAIT_SOURCE } from './bait.ts';
import { secondsOf } from './pretended-master.ts';

/** Requests of one stranger at a time. */
const BURST = 10;
const LIFE_SECONDS = 30;

/**
 * Strangers ask for more than they pay for: without a deposit, with too little of it, with money that they do not have; and the first of
 * them, who has some, with a full deposit until the limit of open requests of one requester stops it.
 */
export class Flood implements Attacker {
  readonly tally = new Tally();
  readonly settings: AttackerSettings;

  constructor(settings: AttackerSettings) {
    this.settings = settings;
  }

  start(stage: Stage): void {
    repeat(stage, this.settings, async () => {
      await Promise.all(this.settings.nodes.map((name, at) => this.#burst(stage, name, at)));
    });
  }

  async #burst(stage: Stage, name: string, at: number): Promise<void> {
    const account = strangerOf(stage, name);
    const data = requestData(numberSpec(BAIT_SOURCE), secondsOf(stage) + LIFE_SECONDS);
    // The first has money, see `fundsOf`; of the others every second one says that it had.
    const offers = at === 0 ? stage.feeWei : at % 2 === 1 ? 0n : stage.feeWei;
    const sends = Array.from({ length: BURST }, () =>
      stage.accounts.send(account, { to: PEDAL_ADDRESS, data, valueWei: offers, gas: 400_000n }),
    );
    for (const sent of await Promise.all(sends)) {
      this.tally.attempts++;
      if (sent.state !== 'done') this.tally.refuse(sent.state === 'refused' ? sent.code : sent.reason);
      // A request that is paid for is no attack: how many of them may be open is what is tried.
      else if (at > 0) this.tally.taken++;
    }
  }
}
