import type { Hex } from '../../crypto/index.ts';
import { HEARD_ASKED_MAX, HEARD_CLAIMS_MAX, HEARD_SHOWINGS_MAX, HEARD_SHOWN_MAX, HEARD_TELLINGS_MAX } from '../../limits.ts';
import type { HeardPlace } from '../hearsay.ts';

/** What one sealer may still make this one do about one height. */
interface Allowance {
  tellings: number;
  claims: number;
  /** Questions that this node may still put to it. */
  questions: number;
  /** Statements that it may still ask for. */
  answers: number;
  /** Statements of its that are still checked. */
  shown: number;
  /** How often it was shown a statement of a signer. */
  readonly showings: Map<number, number>;
}

/**
 * What the others say they heard at one height where this node heard nothing, and what each may still cost. Sealers are
 * named by their positions. What a liar says fills its own allowance and nobody else's.
 */
export class ClaimBook {
  /** By type and round, then signer, then fingerprint: who says so. */
  readonly #claims = new Map<string, Map<number, Map<Hex, number[]>>>();
  readonly #allowances = new Map<number, Allowance>();

  /** True when what this sealer heard is to be read, once more. */
  admitsTelling(teller: number): boolean {
    return this.#take(teller, 'tellings');
  }

  admitsAnswer(asking: number): boolean {
    return this.#take(asking, 'answers');
  }

  admitsShown(teller: number): boolean {
    return this.#take(teller, 'shown');
  }

  admitsQuestion(asked: number): boolean {
    return this.#take(asked, 'questions');
  }

  /**
   * True when `teller` is to be shown a statement of `signer`: a few times each, and not of more signers than can be
   * liars, for an honest teller heard something else from liars only.
   */
  admitsShowing(teller: number, signer: number, liarsMax: number): boolean {
    const { showings } = this.#allowanceOf(teller);
    const before = showings.get(signer) ?? 0;
    if (before >= HEARD_SHOWINGS_MAX || (before === 0 && showings.size >= liarsMax)) return false;
    showings.set(signer, before + 1);
    return true;
  }

  /**
   * Notes that `teller` heard something with this fingerprint.
   * @returns those who are to be asked for the signed words, because others say that they heard something else
   */
  claim({ type, round, signer }: HeardPlace, fingerprint: Hex, teller: number): readonly number[] {
    const signers = entry(this.#claims, `${type} ${round}`, () => new Map<number, Map<Hex, number[]>>());
    const said = entry(signers, signer, () => new Map<Hex, number[]>());
    const known = said.get(fingerprint);
    if (known?.includes(teller) || !this.#take(teller, 'claims')) return [];
    if (known !== undefined) {
      known.push(teller);
      return said.size > 1 ? [teller] : [];
    }
    const earlier = said.size === 1 ? [...said.values()].flatMap(([first]) => first ?? []) : [];
    said.set(fingerprint, [teller]);
    return said.size > 1 ? [teller, ...earlier] : [];
  }

  /** Nobody said anything about what was not heard here. */
  get isEmpty(): boolean {
    return this.#claims.size === 0;
  }

  /** The signer was heard: those who say that they heard something else there. What was claimed is settled with it. */
  settle({ type, round, signer }: HeardPlace, fingerprint: () => Hex): readonly number[] {
    const signers = this.#claims.get(`${type} ${round}`);
    const said = signers?.get(signer);
    if (said === undefined) return [];
    signers?.delete(signer);
    const heard = fingerprint();
    return [...said].flatMap(([claimed, tellers]) => (claimed === heard ? [] : tellers));
  }

  #take(sealer: number, what: 'tellings' | 'claims' | 'questions' | 'answers' | 'shown'): boolean {
    const allowance = this.#allowanceOf(sealer);
    if (allowance[what] === 0) return false;
    allowance[what] -= 1;
    return true;
  }

  #allowanceOf(sealer: number): Allowance {
    return entry(this.#allowances, sealer, () => ({
      tellings: HEARD_TELLINGS_MAX,
      claims: HEARD_CLAIMS_MAX,
      questions: HEARD_ASKED_MAX,
      answers: HEARD_ASKED_MAX,
      shown: HEARD_SHOWN_MAX,
      showings: new Map(),
    }));
  }
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
