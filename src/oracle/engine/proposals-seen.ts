import { type Hex, verifyBls } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import { ORACLE_PROPOSALS_KEPT_MAX } from '../../limits.ts';
import type { OracleView, Seat } from './oracle-view.ts';
import { proposedDigest } from './proposal.ts';
import type { ProposedAnswer } from './wire.ts';

/** One content that a master signed for an attempt at a request. */
export interface SignedProposal {
  readonly content: Hex;
  readonly signature: Uint8Array;
}

/** A master's two signatures for two contents of one attempt: what `reportEquivocation` of the contract takes. */
export interface Equivocation {
  readonly term: number;
  readonly id: bigint;
  readonly attempt: number;
  readonly master: Seat;
  readonly one: SignedProposal;
  readonly other: SignedProposal;
}

interface Place {
  readonly term: number;
  readonly id: bigint;
  readonly attempt: number;
}

/** What masters proposed to this node, so that two different proposals of one attempt are found out. */
export class ProposalsSeen {
  readonly #environment: Environment;
  readonly #view: OracleView;
  /** Oldest first. */
  readonly #seen = new Map<string, SignedProposal>();

  constructor(environment: Environment, view: OracleView) {
    this.#environment = environment;
    this.#view = view;
  }

  /**
   * Takes a proposal in: `valid` when the master signed it and nothing else for this attempt, `unsigned` when the signature is
   * not the master's, else the proof that it signed two.
   */
  take(place: Place, master: Seat, proposal: SignedProposal): 'valid' | 'unsigned' | Equivocation {
    const key = keyOf(place);
    const known = this.#seen.get(key);
    if (known?.content === proposal.content) return 'valid';
    this.#environment.cpu.charge({ operation: 'bls_verify' });
    const digest = proposedDigest(this.#view.place, { ...place, content: proposal.content });
    if (!verifyBls(master.publicKey, digest, proposal.signature)) return 'unsigned';
    if (known !== undefined) return { ...place, master, one: known, other: proposal };
    this.#seen.set(key, proposal);
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= ORACLE_PROPOSALS_KEPT_MAX) break;
      this.#seen.delete(oldest);
    }
    return 'valid';
  }

  of(place: Place): ProposedAnswer {
    return this.#seen.get(keyOf(place));
  }

  /** The attempts at a request that this node was shown, with what they contained. */
  attemptsAt(id: bigint): readonly (Place & SignedProposal)[] {
    const found: (Place & SignedProposal)[] = [];
    for (const [key, proposal] of this.#seen) {
      const [term, of, attempt] = key.split(':');
      if (of === String(id)) found.push({ term: Number(term), id, attempt: Number(attempt), ...proposal });
    }
    return found;
  }
}

function keyOf({ term, id, attempt }: Place): string {
  return `${term}:${id}:${attempt}`;
}
