import { equalBytes, fromHex } from '../../crypto/index.ts';
import { EMPTY_TRIE_ROOT } from '../chain/header.ts';
import {
  type BranchNode,
  type ChildNode,
  childOf,
  decodeNode,
  type ExtensionNode,
  type MemoryNode,
  type NewNodes,
  storeRoot,
} from './trie-node.ts';

/** A key's new value. */
export interface TrieChange {
  /** The nibbles of the hashed key. */
  readonly path: Uint8Array;
  /** Undefined removes the key. */
  readonly value: Uint8Array | undefined;
}

/** Finds an encoded node by its hash; a promise only when it has to be read from the disk. */
export type LoadNode = (hash: Uint8Array) => Uint8Array | Promise<Uint8Array>;

type Later<T> = T | Promise<T>;

const EMPTY_ROOT = fromHex(EMPTY_TRIE_ROOT);
const NO_SOURCE = new Uint8Array(0);

/**
 * Applies all the changes of a block to a Merkle-Patricia trie at once: every node on their way is read once, written
 * once and hashed once, however many of them pass through it; nodes that have to come from the disk are asked for together.
 *
 * @param changes - each key once
 * @param nodes - receives the new nodes that the new root needs
 * @returns the new root
 */
export async function updateTrie(
  root: Uint8Array,
  changes: readonly TrieChange[],
  { load, nodes }: { readonly load: LoadNode; readonly nodes: NewNodes },
): Promise<Uint8Array> {
  if (changes.length === 0) return root;
  const sorted = [...changes].sort((left, right) => comparePaths(left.path, right.path));
  const before = equalBytes(root, EMPTY_ROOT) ? undefined : root;
  const after = await new Update(load).apply(before, sorted, 0);
  if (after === undefined) return EMPTY_ROOT;
  return after instanceof Uint8Array ? after : storeRoot(after, nodes);
}

/** One pass over the trie. `depth` is the number of nibbles above a node. */
class Update {
  private readonly load: LoadNode;

  constructor(load: LoadNode) {
    this.load = load;
  }

  apply(child: ChildNode | undefined, changes: readonly TrieChange[], depth: number): Later<ChildNode | undefined> {
    if (child === undefined) return freshNode(changes, depth);
    return then(this.inMemory(child), (node) => this.applyTo(node, changes, depth));
  }

  private inMemory(child: ChildNode): Later<MemoryNode> {
    return child instanceof Uint8Array ? then(this.load(child), decodeNode) : child;
  }

  private applyTo(node: MemoryNode, changes: readonly TrieChange[], depth: number): Later<ChildNode | undefined> {
    if (node.type === 'branch') return this.applyToBranch(node, changes, depth);
    if (node.type === 'extension') return this.applyToExtension(node, changes, depth);
    const path = joined([(changes[0] as TrieChange).path.subarray(0, depth), node.path]);
    const isChanged = changes.some((change) => comparePaths(change.path, path) === 0);
    return freshNode(isChanged ? changes : withChange(changes, { path, value: node.value }), depth);
  }

  private applyToBranch(node: BranchNode, changes: readonly TrieChange[], depth: number): Later<ChildNode | undefined> {
    const children = [...node.children];
    const waiting: Promise<void>[] = [];
    for (let from = 0; from < changes.length; ) {
      const nibble = (changes[from] as TrieChange).path[depth] as number;
      let to = from + 1;
      while (to < changes.length && (changes[to] as TrieChange).path[depth] === nibble) to++;
      const child = this.apply(childOf(node, nibble), changes.slice(from, to), depth + 1);
      if (child instanceof Promise) {
        waiting.push(
          child.then((changed) => {
            children[nibble] = changed;
          }),
        );
      } else children[nibble] = child;
      from = to;
    }
    const changed: BranchNode = { type: 'branch', source: node.source, children };
    return waiting.length === 0 ? this.tidy(changed) : Promise.all(waiting).then(() => this.tidy(changed));
  }

  /** A branch with one child left is no branch any more. */
  private tidy(branch: BranchNode): Later<MemoryNode | undefined> {
    let only = -1;
    for (let nibble = 0; nibble < 16; nibble++) {
      if (branch.children[nibble] === undefined) continue;
      if (only >= 0) return branch;
      only = nibble;
    }
    if (only < 0) return undefined;
    const path = Uint8Array.of(only);
    return then(this.inMemory(childOf(branch, only) as ChildNode), (node) => prefixed(path, node));
  }

  private applyToExtension(node: ExtensionNode, changes: readonly TrieChange[], depth: number): Later<ChildNode | undefined> {
    const shared = Math.min(...changes.map(({ path }) => sharedLength(node.path, path.subarray(depth))));
    if (shared === node.path.length) {
      return then(this.apply(node.child, changes, depth + shared), (child) => this.extended(node.path, child));
    }
    const rest = node.path.subarray(shared + 1);
    const children: (ChildNode | undefined)[] = Array.from({ length: 16 }, () => undefined);
    children[node.path[shared] as number] = rest.length === 0 ? node.child : { type: 'extension', path: rest, child: node.child };
    const parting = this.applyToBranch({ type: 'branch', source: NO_SOURCE, children }, changes, depth + shared);
    return then(parting, (child) => this.extended(node.path.subarray(0, shared), child));
  }

  private extended(path: Uint8Array, child: ChildNode | undefined): Later<ChildNode | undefined> {
    if (child === undefined || path.length === 0) return child;
    // A hash is that of a branch which did not change.
    return child instanceof Uint8Array ? { type: 'extension', path, child } : prefixed(path, child);
  }
}

/** The trie over entries that are sorted by their paths, each of which has a value; there must be one. */
export function freshTrie(entries: readonly TrieChange[]): MemoryNode {
  return nodeOver(entries, 0);
}

/** The smallest trie over changes that meet nothing: those that remove have nothing to remove. */
function freshNode(changes: readonly TrieChange[], depth: number): MemoryNode | undefined {
  const kept = changes.filter(({ value }) => value !== undefined);
  return kept.length === 0 ? undefined : nodeOver(kept, depth);
}

function nodeOver(changes: readonly TrieChange[], depth: number): MemoryNode {
  const first = changes[0] as TrieChange;
  if (changes.length === 1) return { type: 'leaf', path: first.path.subarray(depth), value: first.value as Uint8Array };
  // They are sorted: what the first and the last share, all share.
  const last = changes[changes.length - 1] as TrieChange;
  const shared = depth + sharedLength(first.path.subarray(depth), last.path.subarray(depth));
  const children: (ChildNode | undefined)[] = Array.from({ length: 16 }, () => undefined);
  for (let from = 0; from < changes.length; ) {
    const nibble = (changes[from] as TrieChange).path[shared] as number;
    let to = from + 1;
    while (to < changes.length && (changes[to] as TrieChange).path[shared] === nibble) to++;
    children[nibble] = nodeOver(changes.slice(from, to), shared + 1);
    from = to;
  }
  const branch: BranchNode = { type: 'branch', source: NO_SOURCE, children };
  return shared === depth ? branch : { type: 'extension', path: first.path.subarray(depth, shared), child: branch };
}

/** The node below a stretch of path: leaves and extensions take it into their own. */
function prefixed(path: Uint8Array, node: MemoryNode): MemoryNode {
  if (node.type === 'branch') return { type: 'extension', path, child: node };
  return { ...node, path: joined([path, node.path]) };
}

function withChange(changes: readonly TrieChange[], added: TrieChange): readonly TrieChange[] {
  const at = changes.findIndex(({ path }) => comparePaths(path, added.path) > 0);
  return at < 0 ? [...changes, added] : [...changes.slice(0, at), added, ...changes.slice(at)];
}

function joined([left, right]: readonly [Uint8Array, Uint8Array]): Uint8Array {
  const path = new Uint8Array(left.length + right.length);
  path.set(left, 0);
  path.set(right, left.length);
  return path;
}

function sharedLength(left: Uint8Array, right: Uint8Array): number {
  const most = Math.min(left.length, right.length);
  let at = 0;
  while (at < most && left[at] === right[at]) at++;
  return at;
}

function comparePaths(left: Uint8Array, right: Uint8Array): number {
  const at = sharedLength(left, right);
  return at === left.length ? 0 : (left[at] as number) - (right[at] as number);
}

function then<T, U>(value: Later<T>, next: (value: T) => Later<U>): Later<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
