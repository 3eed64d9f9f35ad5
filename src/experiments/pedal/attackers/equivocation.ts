import type { Environment } from '../../../environment/index.ts';
import { decodeSignAnswer, decodeSignCall, encodeSignCall, ORACLE_PROTOCOLS } from '../../../oracle/index.ts';
import type { Seat } from '../../cluster.ts';
import type { AttackerSettings } from '../format/pedal-scenario.ts';
import { type Attacker, blsKeyOf, Tally } from './attacker.ts';
import { resigned } from './proposals.ts';
import { tampered } from './tampered.ts';

/**
 * A master that proposes one outcome to one half of the group and another, as true, to the other half, under the same number. Both are
 * what the members saw, a second apart: nobody can object to either.
 */
export class Equivocation implements Attacker {
  readonly tally = new Tally();
  readonly settings: AttackerSettings;

  constructor(settings: AttackerSettings) {
    this.settings = settings;
  }

  between(environment: Environment, { setup }: Seat): Environment {
    const key = blsKeyOf(setup.key);
    const { chainId } = setup.genesis;
    return tampered(environment, {
      request: (to, protocol, body) => {
        if (protocol !== ORACLE_PROTOCOLS.sign || Number.parseInt(to.slice(-1), 16) % 2 === 0) return body;
        const call = decodeSignCall(body);
        if (call.items.every(({ signature }) => signature.length === 0)) return body;
        this.tally.attempts++;
        const place = { chainId, term: call.term, attempt: call.attempt };
        const items = call.items.map((item) => {
          const outcome = { ...item.outcome, observedAt: item.outcome.observedAt - 1 };
          return resigned({ ...item, outcome }, key, place);
        });
        return encodeSignCall({ ...call, items });
      },
      answered: (protocol, answer) => {
        if (protocol !== ORACLE_PROTOCOLS.sign) return;
        const said = decodeSignAnswer(answer);
        if (!said.signed) for (const { why } of said.objections) this.tally.refuse(`member: ${why}`);
      },
    });
  }
}
