import { fromHex, type Hex, keccak256, toHex } from '../../crypto/index.ts';
import { EMPTY_TRIE_ROOT } from '../chain/header.ts';
import { encode } from '../rlp-fields.ts';
import { compactPath, nibblesOf } from './nibbles.ts';
import { collectProof } from './trie-proof.ts';

/** A trie over a list, keyed by the RLP of the index: how Ethereum commits to transactions and receipts. */
export interface OrderedTrie {
  readonly root: Hex;
  /** Encoded nodes by hash, the root among them. */
  readonly nodes: ReadonlyMap<Hex, Uint8Array>;
}

interface Entry {
  readonly path: Uint8Array;
  readonly value: Uint8Array;
}

/** The key of the item at `index`. */
export function orderedKey(index: number): Uint8Array {
  return encode(index);
}

/** Builds the whole trie at once, each node encoded and hashed once. */
export function orderedTrie(values: readonly Uint8Array[]): OrderedTrie {
  const nodes = new Map<Hex, Uint8Array>();
  return { root: buildTrie(values, nodes), nodes };
}

/** The root alone: what a block is compared by. */
export function orderedTrieRoot(values: readonly Uint8Array[]): Hex {
  return buildTrie(values, undefined);
}

/** Where nodes are kept for proofs; undefined when nobody will ask for one. */
type Kept = Map<Hex, Uint8Array> | undefined;

function buildTrie(values: readonly Uint8Array[], nodes: Kept): Hex {
  if (values.length === 0) return EMPTY_TRIE_ROOT;
  const entries = values.map((value, index): Entry => ({ path: nibblesOf(orderedKey(index)), value }));
  const rlp = encode(nodeOver(entries, 0, nodes));
  const root = toHex(keccak256(rlp));
  nodes?.set(root, rlp);
  return root;
}

type TrieNode = (Uint8Array | TrieNode)[];

function nodeOver(entries: readonly Entry[], depth: number, nodes: Kept): TrieNode {
  const [first] = entries as [Entry];
  if (entries.length === 1) return [compactPath(first.path.subarray(depth), true), first.value];
  const shared = sharedDepth(entries, depth);
  if (shared > depth) {
    return [compactPath(first.path.subarray(depth, shared), false), reference(nodeOver(entries, shared, nodes), nodes)];
  }
  const children: Entry[][] = Array.from({ length: 16 }, () => []);
  let value: Uint8Array = new Uint8Array(0);
  for (const entry of entries) {
    if (entry.path.length === depth) value = entry.value;
    else (children[entry.path[depth] as number] as Entry[]).push(entry);
  }
  return [
    ...children.map((child) => (child.length === 0 ? new Uint8Array(0) : reference(nodeOver(child, depth + 1, nodes), nodes))),
    value,
  ];
}

/** A node below 32 bytes stands in its parent itself, a larger one by its hash. */
function reference(node: TrieNode, nodes: Kept): Uint8Array | TrieNode {
  const rlp = encode(node);
  if (rlp.length < 32) return node;
  const hash = keccak256(rlp);
  nodes?.set(toHex(hash), rlp);
  return hash;
}

function sharedDepth(entries: readonly Entry[], depth: number): number {
  const [first] = entries as [Entry];
  let shared = first.path.length;
  for (const entry of entries) {
    let at = depth;
    while (at < shared && at < entry.path.length && entry.path[at] === first.path[at]) at++;
    shared = at;
  }
  return shared;
}

/** The nodes on the way from the root to the item at `index`: what `verifyTrieProof` takes. */
export function orderedProof(trie: OrderedTrie, index: number): Promise<readonly Uint8Array[]> {
  return collectProof(fromHex(trie.root), orderedKey(index), (hash) => trie.nodes.get(toHex(hash)));
}
