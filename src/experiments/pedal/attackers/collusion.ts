import { answerDigest, batchDigest, PEDAL_ADDRESS, requestReasons } from '../../../contracts/index.ts';
import { type BlsKey, toHex } from '../../../crypto/index.ts';
import type { Environment, NodeId, OutsideReading } from '../../../environment/index.ts';
import { decodeSignCall, encodeSignAnswer, ORACLE_PROTOCOLS, type SignCall } from '../../../oracle/index.ts';
import type { Seat } from '../../cluster.ts';
import type { AttackerSettings } from '../format/pedal-scenario.ts';
import { type Attacker, blsKeyOf, Tally } from './attacker.ts';
import { tampered } from './tampered.ts';

/**
 * Nodes that have agreed on lies: all believe the same wrong thing of every source, each signs whatever another of them proposes, and
 * gives honest leaders a signature over something else, or objects to what is right.
 */
export class Collusion implements Attacker {
  readonly tally = new Tally();
  readonly settings: AttackerSettings;
  readonly #friends = new Set<NodeId>();
  #turn = 0;

  constructor(settings: AttackerSettings) {
    this.settings = settings;
  }

  between(environment: Environment, { setup }: Seat): Environment {
    const key = blsKeyOf(setup.key);
    this.#friends.add(setup.key.address);
    return tampered(environment, {
      read: (_source, reading) => {
        this.tally.attempts++;
        return this.#lie(reading);
      },
      answer: async (protocol, from, body, handle) => {
        if (protocol !== ORACLE_PROTOCOLS.sign) return handle(from, body);
        const call = decodeSignCall(body);
        this.tally.attempts++;
        if (this.#friends.has(from)) return signatureFor(call, key, setup.genesis.chainId);
        if (this.#turn++ % 2 === 0) return encodeSignAnswer({ signed: true, signature: key.sign(new Uint8Array(32).fill(1)) });
        return encodeSignAnswer({
          signed: false,
          objections: call.items.map(({ outcome }) => ({ id: outcome.id, why: 'sawOther' })),
        });
      },
    });
  }

  /** The same lie at every liar: a number a thousand too low, or the content with another end. */
  #lie(reading: OutsideReading): OutsideReading {
    const text = new TextDecoder().decode(reading.content);
    const told = /^\{"value":(-?[0-9.]+)\}$/.exec(text);
    const lie = told === null ? `${text.slice(0, -1)}#` : JSON.stringify({ value: Number(told[1]) - 1000 });
    return { ...reading, content: new TextEncoder().encode(lie) };
  }
}

/** A signature over whatever is proposed. */
function signatureFor({ term, items }: SignCall, key: BlsKey, chainId: number): Uint8Array {
  const place = { chainId, pedal: PEDAL_ADDRESS, term: BigInt(term) };
  const outcomes = items.map(({ outcome }) => ({
    id: outcome.id,
    reason: requestReasons.indexOf(outcome.reason),
    observedAt: BigInt(outcome.observedAt),
    result: toHex(outcome.result),
  }));
  const [first] = outcomes;
  const digest =
    outcomes.length === 1 && first !== undefined
      ? answerDigest({ ...place, outcome: first })
      : batchDigest({ ...place, outcomes });
  return encodeSignAnswer({ signed: true, signature: key.sign(digest) });
}
