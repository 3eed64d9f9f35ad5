import { fromHex, type Hex, toHex } from '../../crypto/index.ts';
import { EMPTY_TRIE_ROOT } from '../chain/header.ts';
import { encode } from '../rlp-fields.ts';
import { nibblesOf } from './nibbles.ts';
import { type NewNodes, storeRoot } from './trie-node.ts';
import { collectProof } from './trie-proof.ts';
import { freshTrie, type TrieChange } from './trie-update.ts';

/** A trie over a list, keyed by the RLP of the index: how Ethereum commits to transactions and receipts. */
export interface OrderedTrie {
  readonly root: Hex;
  /** Encoded nodes by hash, 64 hex digits, the root among them. */
  readonly nodes: ReadonlyMap<string, Uint8Array>;
}

/** Of indices, only zero has a key of the same first byte as longer ones begin with, and stands before them. */
const ZERO_STANDS_AT = 0x80;

/** The key of the item at `index`. */
export function orderedKey(index: number): Uint8Array {
  return encode(index);
}

/** Builds the whole trie at once, each node encoded and hashed once. */
export function orderedTrie(values: readonly Uint8Array[]): OrderedTrie {
  const nodes: NewNodes = new Map();
  return { root: buildTrie(values, nodes), nodes };
}

/** The root alone: what a block is compared by. */
export function orderedTrieRoot(values: readonly Uint8Array[]): Hex {
  return buildTrie(values, undefined);
}

function buildTrie(values: readonly Uint8Array[], nodes: NewNodes | undefined): Hex {
  if (values.length === 0) return EMPTY_TRIE_ROOT;
  const entries: TrieChange[] = [];
  const add = (index: number): void =>
    void entries.push({ path: nibblesOf(orderedKey(index)), value: values[index] as Uint8Array });
  // In the order of the keys. None begins with another, so none ends in a branch.
  for (let index = 1; index < values.length; index++) {
    if (index === ZERO_STANDS_AT) add(0);
    add(index);
  }
  if (values.length <= ZERO_STANDS_AT) add(0);
  return toHex(storeRoot(freshTrie(entries), nodes));
}

/** The nodes on the way from the root to the item at `index`: what `verifyTrieProof` takes. */
export function orderedProof(trie: OrderedTrie, index: number): Promise<readonly Uint8Array[]> {
  return collectProof(fromHex(trie.root), orderedKey(index), (hash) => trie.nodes.get(toHex(hash).slice(2)));
}
