import { answerDigest, PEDAL_ADDRESS, proposalDigest, requestReasons } from '../../../contracts/index.ts';
import { type BlsKey, concatBytes, type Hex, keccak256, toHex } from '../../../crypto/index.ts';
import type { ProposedItem } from '../../../oracle/index.ts';

/** What a proposal is for. */
export interface ProposalPlace {
  readonly chainId: number;
  readonly term: number;
  readonly attempt: number;
}

/** An item with another outcome, signed as its master signs: the master may sign what it likes. */
export function resigned(item: ProposedItem, key: BlsKey, { chainId, term, attempt }: ProposalPlace): ProposedItem {
  if (item.signature.length === 0) return item;
  const place = { chainId, pedal: PEDAL_ADDRESS, term: BigInt(term) };
  const signature = key.sign(proposalDigest({ ...place, id: item.outcome.id, attempt, content: contentOf(item, place) }));
  return { ...item, signature };
}

function contentOf(
  { outcome }: ProposedItem,
  place: { readonly chainId: number; readonly pedal: Hex; readonly term: bigint },
): Hex {
  const { id, reason, observedAt, result } = outcome;
  const pedalOutcome = { id, reason: requestReasons.indexOf(reason), observedAt: BigInt(observedAt), result: toHex(result) };
  return toHex(keccak256(answerDigest({ ...place, outcome: pedalOutcome })));
}

/** Another result of the same length. */
export function otherResult(result: Uint8Array): Uint8Array {
  if (result.length === 0) return Uint8Array.of(1);
  const last = (result.at(-1) as number) ^ 1;
  return concatBytes([result.subarray(0, -1), Uint8Array.of(last)]);
}
