import {
  answerDigest,
  batchDigest,
  type OraclePlace,
  type PedalOutcome,
  proposalDigest,
  requestReasons,
} from '../../contracts/index.ts';
import { type Hex, keccak256, toHex } from '../../crypto/index.ts';
import type { Outcome } from './decide.ts';

/** An outcome as the contract takes it. */
export function toPedalOutcome({ id, reason, observedAt, result }: Outcome): PedalOutcome {
  return { id, reason: requestReasons.indexOf(reason), observedAt: BigInt(observedAt), result: toHex(result) };
}

/** What a group signs: of one outcome as `answer` takes it, of several as `answerMany` does. */
export function attestedDigest(place: OraclePlace, term: number, outcomes: readonly Outcome[]): Uint8Array {
  const about = { ...place, term: BigInt(term) };
  const [first] = outcomes;
  if (outcomes.length === 1 && first !== undefined) return answerDigest({ ...about, outcome: toPedalOutcome(first) });
  return batchDigest({ ...about, outcomes: outcomes.map(toPedalOutcome) });
}

/** What a master stands for with one proposal: the digest that the group would sign for this request alone. */
export function proposedContent(place: OraclePlace, term: number, outcome: Outcome): Hex {
  return toHex(keccak256(attestedDigest(place, term, [outcome])));
}

/** What a master signs when it proposes an outcome. */
export function proposedDigest(
  place: OraclePlace,
  about: { readonly term: number; readonly id: bigint; readonly attempt: number; readonly content: Hex },
): Uint8Array {
  return proposalDigest({ ...place, ...about, term: BigInt(about.term) });
}
