import { equalBytes, fromHex, type Hex, keccak256 } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { EMPTY_TRIE_ROOT } from '../chain/header.ts';
import { decode, type Item } from '../rlp-fields.ts';
import { expandPath, nibblesOf } from './nibbles.ts';

/** Where a walk through one encoded node ends. */
export type Step =
  /** At the hash of the next node, `at` nibbles into the path. */
  | { readonly type: 'down'; readonly hash: Uint8Array; readonly at: number }
  | { readonly type: 'value'; readonly value: Uint8Array }
  /** The key is not in the trie. */
  | { readonly type: 'absent' };

/** Walks from one encoded node along `path`, through the nodes that it embeds. @throws TreadleError LIGHT_BAD_PROOF */
export function stepThrough(rlp: Uint8Array, path: Uint8Array, from: number): Step {
  let node: Item = decode(rlp, 'trie node');
  let at = from;
  // Embedded nodes are shorter than their parents, so the loop ends; the bound is the length of the longest path.
  for (let depth = 0; depth <= path.length; depth++) {
    if (!Array.isArray(node)) throw badProof('a trie node is not a list');
    let child: Item;
    if (node.length === 17) {
      if (at === path.length) return valueAt(node[16]);
      child = node[path[at] as number] as Item;
      at += 1;
    } else if (node.length === 2) {
      const compact = node[0] instanceof Uint8Array ? expandPath(node[0]) : undefined;
      if (compact === undefined) throw badProof('a trie node has no valid path');
      if (!startsWith(path, compact.path, at)) return { type: 'absent' };
      at += compact.path.length;
      if (compact.leaf) return at === path.length ? valueAt(node[1]) : { type: 'absent' };
      child = node[1] as Item;
    } else {
      throw badProof('a trie node has neither 2 nor 17 items');
    }
    if (!(child instanceof Uint8Array)) node = child;
    else if (child.length === 0) return { type: 'absent' };
    else if (child.length === 32) return { type: 'down', hash: child, at };
    else throw badProof('a reference in a trie node is not a hash');
  }
  throw badProof('a trie node embeds too many others');
}

function valueAt(item: Item | undefined): Step {
  if (!(item instanceof Uint8Array)) throw badProof('a trie value is not a byte string');
  return item.length === 0 ? { type: 'absent' } : { type: 'value', value: item };
}

function startsWith(path: Uint8Array, prefix: Uint8Array, at: number): boolean {
  if (at + prefix.length > path.length) return false;
  for (let offset = 0; offset < prefix.length; offset++) if (path[at + offset] !== prefix[offset]) return false;
  return true;
}

function badProof(detail: string): TreadleError {
  return new TreadleError('LIGHT_BAD_PROOF', { detail });
}

/** The encoded nodes from the root towards `key`; `load` finds a node by its hash. */
export async function collectProof(
  root: Uint8Array,
  key: Uint8Array,
  load: (hash: Uint8Array) => Uint8Array | undefined | Promise<Uint8Array | undefined>,
): Promise<readonly Uint8Array[]> {
  const proof: Uint8Array[] = [];
  const path = nibblesOf(key);
  let step: Step = { type: 'down', hash: root, at: 0 };
  while (step.type === 'down') {
    const node = await load(step.hash);
    if (node === undefined) break;
    proof.push(node);
    step = stepThrough(node, path, step.at);
  }
  return proof;
}

/**
 * Checks a Merkle-Patricia proof and returns the value, or undefined when the proof shows that the key is absent.
 * @throws TreadleError LIGHT_BAD_PROOF when the nodes do not lead from `root` to an answer
 */
export function verifyTrieProof(root: Hex, key: Uint8Array, proof: readonly Uint8Array[]): Uint8Array | undefined {
  if (root === EMPTY_TRIE_ROOT && proof.length === 0) return undefined;
  const path = nibblesOf(key);
  let expected = fromHex(root);
  let at = 0;
  for (const [index, node] of proof.entries()) {
    if (!equalBytes(keccak256(node), expected)) throw badProof(`proof node ${index} has another hash than its parent says`);
    const step = stepThrough(node, path, at);
    if (step.type === 'down') {
      expected = step.hash;
      at = step.at;
      continue;
    }
    if (index !== proof.length - 1) throw badProof('the proof goes on after its answer');
    return step.type === 'value' ? step.value : undefined;
  }
  throw badProof('the proof ends before its answer');
}
