import type { Environment } from '../../../environment/index.ts';
import { TreadleError } from '../../../errors.ts';
import { LEDGER_PROTOCOLS } from '../../../ledger/index.ts';
import { ORACLE_PROTOCOLS } from '../../../oracle/index.ts';
import type { Seat } from '../../cluster.ts';
import type { AttackerSettings } from '../format/pedal-scenario.ts';
import { type Attacker, repeat, type Stage, Tally } from './attacker.ts';
import { tampered } from './tampered.ts';

/**
 * Nodes that come forward, are elected, and then do nothing as long as they lead: they ask nobody, and no transaction of theirs gets
 * out, so that they do not even say why nothing happens.
 */
export class Silence implements Attacker {
  readonly tally = new Tally();
  readonly settings: AttackerSettings;
  /** Attackers that lead now. */
  readonly #silent = new Set<string>();

  constructor(settings: AttackerSettings) {
    this.settings = settings;
  }

  between(environment: Environment, { name }: Seat): Environment {
    return tampered(environment, {
      request: (_to, protocol, body) => {
        if (!this.#silent.has(name) || (protocol !== ORACLE_PROTOCOLS.observe && protocol !== ORACLE_PROTOCOLS.sign)) return body;
        this.tally.attempts++;
        throw new TreadleError('NETWORK_UNREACHABLE', { detail: 'the master is silent' });
      },
      sends: (_to, protocol) => !this.#silent.has(name) || protocol !== LEDGER_PROTOCOLS.transactions,
    });
  }

  start(stage: Stage): void {
    repeat(stage, this.settings, async () => {
      const pedal = stage.pedal();
      const master = await pedal?.currentTerm().then((term) => pedal.masterOf(term));
      for (const name of this.settings.nodes) {
        const leads = master !== undefined && stage.cluster.id(name) === master;
        if (leads) this.#silent.add(name);
        else this.#silent.delete(name);
      }
    });
  }
}
