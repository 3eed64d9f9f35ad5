import { type Address, fromHex, type Hex, keccak256, toHex } from '../crypto/index.ts';
import { hashWords, textWord, word, wordText } from './abi-words.ts';

/**
 * What the oracle's nodes sign and draw by, computed as the contract `Pedal` does it, so that a node knows it without asking. The
 * digest of a proof of possession is `possessionDigest` of the crypto folder.
 */

/** Where a signature counts: on this chain, for this contract. */
export interface OraclePlace {
  readonly chainId: number;
  readonly pedal: Address;
}

/** What a group says about a request, as the contract takes it. */
export interface PedalOutcome {
  readonly id: bigint;
  /** Number of the reason why there is no result; 0 = there is one. */
  readonly reason: number;
  /** Seconds since the Unix epoch. */
  readonly observedAt: bigint;
  readonly result: Hex;
}

const tag = (text: string): Uint8Array => keccak256(new TextEncoder().encode(text));
const ALPHA_TAG = tag('treadle.pedal.alpha.v1');
const FALLBACK_TAG = tag('treadle.pedal.fallback.v1');
const ANSWER_TAG = tag('treadle.pedal.answer.v1');
const BATCH_TAG = tag('treadle.pedal.batch.v1');
const PROPOSAL_TAG = tag('treadle.pedal.proposal.v1');

/** The id of a job by its name, such as `data`. @throws RangeError above 32 bytes */
export function jobId(name: string): Hex {
  return toHex(textWord(name));
}

/** The name of a job by its id. */
export function jobName(id: Hex): string {
  return wordText(id);
}

/**
 * What the nodes sign to be elected. `previousSeed` is the seed of the last term that was opened, zero before the first one;
 * `lastBlockHash` that of the block before the term.
 */
export function alphaOf(
  place: OraclePlace & { readonly term: bigint; readonly previousSeed: Hex; readonly lastBlockHash: Hex },
): Uint8Array {
  const { term, previousSeed, lastBlockHash } = place;
  return hashWords([ALPHA_TAG, ...placeWords(place), word(term), word(previousSeed), word(lastBlockHash)]);
}

/** What the group of a term is drawn with in which nobody showed a number. */
export function fallbackSeed(alpha: Uint8Array): Uint8Array {
  return hashWords([FALLBACK_TAG, alpha]);
}

/** What each of the group signs about one request, 32 bytes. */
export function answerDigest(about: OraclePlace & { readonly term: bigint; readonly outcome: PedalOutcome }): Uint8Array {
  const { id, reason, observedAt, result } = about.outcome;
  return hashWords([
    ANSWER_TAG,
    ...placeWords(about),
    word(about.term),
    word(id),
    word(BigInt(reason)),
    keccak256(fromHex(result)),
    word(observedAt),
  ]);
}

/** What each of the group signs about many requests: the hash over their {@link answerDigest}s in this order. */
export function batchDigest(
  about: OraclePlace & { readonly term: bigint; readonly outcomes: readonly PedalOutcome[] },
): Uint8Array {
  const { outcomes, ...where } = about;
  const digests = outcomes.map((outcome) => answerDigest({ ...where, outcome }));
  return hashWords([BATCH_TAG, ...placeWords(about), word(about.term), hashWords(digests)]);
}

/** What a master signs when it proposes: at most one content (32 bytes) for each attempt at a request. */
export function proposalDigest(
  about: OraclePlace & { readonly term: bigint; readonly id: bigint; readonly attempt: number; readonly content: Hex },
): Uint8Array {
  const { term, id, attempt, content } = about;
  return hashWords([PROPOSAL_TAG, ...placeWords(about), word(term), word(id), word(BigInt(attempt)), word(content)]);
}

/** How many of a group have to sign. */
export function quorumOf(groupSize: number, unanimous = false): number {
  return unanimous ? groupSize : Math.floor((2 * groupSize) / 3) + 1;
}

/**
 * The working group of a term in the order in which it may transmit: the front of the seeded permutation of the set, without
 * the master. Undefined when the set is too small.
 *
 * @param draw - `set`: numbers of the term's nodes as `OracleRegistry.setOf` lists them; `seed`: 32 bytes
 */
export function groupOf(draw: {
  readonly set: readonly number[];
  readonly seed: Uint8Array;
  readonly master: number;
  readonly size: number;
}): readonly number[] | undefined {
  const { set, seed, master, size } = draw;
  if (size < 1 || set.length <= size) return undefined;
  return permutationFront(set, seed, size + 1)
    .filter((id) => id !== master)
    .slice(0, size);
}

/** The first `count` entries of the permutation with this seed: step i swaps entry i with entry i + keccak256(seed, i) mod (n - i). */
export function permutationFront(list: readonly number[], seed: Uint8Array, count: number): readonly number[] {
  const order = [...list];
  for (let index = 0; index < count; index++) {
    const drawn = BigInt(toHex(hashWords([seed, word(BigInt(index))])));
    const other = index + Number(drawn % BigInt(order.length - index));
    [order[index], order[other]] = [order[other] as number, order[index] as number];
  }
  return order.slice(0, count);
}

function placeWords({ chainId, pedal }: OraclePlace): readonly Uint8Array[] {
  return [word(BigInt(chainId)), word(pedal)];
}
