import type { Environment, NodeId } from '../../../environment/index.ts';
import { decodeSignAnswer, decodeSignCall, encodeSignCall, ORACLE_PROTOCOLS, type ProposedItem } from '../../../oracle/index.ts';
import type { Seat } from '../../cluster.ts';
import type { AttackerSettings } from '../format/pedal-scenario.ts';
import { type Allies, type Attacker, blsKeyOf, Tally } from './attacker.ts';
import { otherResult, resigned } from './proposals.ts';
import { tampered } from './tampered.ts';

type Lie = (item: ProposedItem) => ProposedItem;

/** Ways in which what is proposed does not follow from what was seen. */
const otherwise: Lie = (item) => ({ ...item, outcome: { ...item.outcome, result: otherResult(item.outcome.result) } });
const LIES: readonly Lie[] = [
  // Another result than the sights lead to.
  otherwise,
  // A failure that nobody saw.
  (item) => ({ ...item, sights: [], outcome: { ...item.outcome, reason: 'noAgreement', result: new Uint8Array() } }),
  (item) => ({ ...item, sights: [], outcome: { ...item.outcome, reason: 'notAllowed', result: new Uint8Array() } }),
  // One member's sight in place of another one's.
  ({ sights, ...item }) => ({ ...item, sights: sights.map((sight) => ({ ...(sights[0] ?? sight), member: sight.member })) }),
  // One member's sight several times.
  ({ sights, ...item }) => ({ ...item, sights: sights.map((sight) => sights[0] ?? sight) }),
  // Too few sights.
  ({ sights, ...item }) => ({
    ...item,
    sights: sights.slice(0, 1),
    outcome: { ...item.outcome, result: otherResult(item.outcome.result) },
  }),
  // Seen at another time.
  (item) => ({ ...item, outcome: { ...item.outcome, observedAt: item.outcome.observedAt + 86_400 } }),
];

/** What has no sights cannot be lied about in all ways. */
function lieAbout(item: ProposedItem, lie: Lie): ProposedItem {
  return item.sights.length === 0 ? otherwise(item) : lie(item);
}

/** A master whose proposals do not follow from what the group saw. It signs them properly: that is its right, and changes nothing. */
export class WrongResult implements Attacker {
  readonly tally = new Tally();
  readonly settings: AttackerSettings;
  #next = 0;

  readonly #allies: Allies;

  constructor(settings: AttackerSettings, allies: Allies) {
    this.settings = settings;
    this.#allies = allies;
  }

  between(environment: Environment, { setup }: Seat): Environment {
    const key = blsKeyOf(setup.key);
    const { chainId } = setup.genesis;
    const lies = new Map<number, Lie>();
    const lieOf = (attempt: number): Lie => {
      const lie = lies.get(attempt) ?? (LIES[this.#next++ % LIES.length] as Lie);
      lies.set(attempt, lie);
      return lie;
    };
    const forge = (_to: NodeId, protocol: string, body: Uint8Array): Uint8Array => {
      if (protocol !== ORACLE_PROTOCOLS.sign) return body;
      const call = decodeSignCall(body);
      const lie = lieOf(call.attempt);
      this.tally.attempts++;
      const items = call.items.map((item) =>
        resigned(lieAbout(item, lie), key, { chainId, term: call.term, attempt: call.attempt }),
      );
      return encodeSignCall({ ...call, items });
    };
    return tampered(environment, {
      request: forge,
      answered: (protocol, answer, from) => {
        if (protocol !== ORACLE_PROTOCOLS.sign || this.#allies.has(from)) return;
        const said = decodeSignAnswer(answer);
        if (said.signed) this.tally.taken++;
        else for (const { why } of said.objections) this.tally.refuse(`member: ${why}`);
      },
    });
  }
}
