import { equalBytes } from '../crypto/index.ts';
import { invariant } from '../errors.ts';
import { emptyRoot, nodeHash, splitPoint } from './tree-hash.ts';

/** Gives the hash of a perfect subtree: `height` 0 are leaves, `index` counts subtrees of that height from the left. */
export type SubtreeReader = (height: number, index: number) => Promise<Uint8Array>;

/** The root of the first `size` leaves. */
export function rootAt(read: SubtreeReader, size: number): Promise<Uint8Array> {
  return size === 0 ? Promise.resolve(emptyRoot()) : rangeHash(read, 0, size);
}

/**
 * The audit path of leaf `index` in the tree of the first `size` leaves (RFC 6962, 2.1.1), lowest first.
 * @param index - below `size`
 */
export async function inclusionPath(read: SubtreeReader, index: number, size: number): Promise<Uint8Array[]> {
  invariant(index >= 0 && index < size, 'the leaf lies in the tree', { index, size });
  const path: Uint8Array[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    path.push(index < middle ? await rangeHash(read, middle, end) : await rangeHash(read, start, middle));
    if (index < middle) end = middle;
    else start = middle;
  }
  return path.reverse();
}

/**
 * The proof that the tree of the first `oldSize` leaves is the beginning of that of the first `size` (RFC 6962, 2.1.2).
 * Nothing has to be shown when one of them is empty or they are equal.
 */
export async function consistencyPath(read: SubtreeReader, oldSize: number, size: number): Promise<Uint8Array[]> {
  invariant(oldSize >= 0 && oldSize <= size, 'the old tree is no larger', { oldSize, size });
  if (oldSize === 0 || oldSize === size) return [];
  const path: Uint8Array[] = [];
  let [start, end] = [0, size];
  // Whether the part under view is the whole old tree, whose root the verifier knows.
  let isWhole = true;
  while (oldSize !== end) {
    const middle = start + splitPoint(end - start);
    if (oldSize <= middle) {
      path.push(await rangeHash(read, middle, end));
      end = middle;
    } else {
      path.push(await rangeHash(read, start, middle));
      start = middle;
      isWhole = false;
    }
  }
  if (!isWhole) path.push(await rangeHash(read, start, end));
  return path.reverse();
}

async function rangeHash(read: SubtreeReader, start: number, end: number): Promise<Uint8Array> {
  const width = end - start;
  const height = Math.log2(width);
  if (Number.isInteger(height) && 2 ** height === width) return read(height, start / width);
  const middle = start + splitPoint(width);
  const left = await rangeHash(read, start, middle);
  return nodeHash(left, await rangeHash(read, middle, end));
}

export interface InclusionClaim {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly path: readonly Uint8Array[];
}

/** The root that an audit path leads to (RFC 9162, 2.1.3.2); undefined when the path does not fit index and size. */
export function rootFromInclusion({ leaf, index, size, path }: InclusionClaim): Uint8Array | undefined {
  if (!isSize(index) || !isSize(size) || index >= size) return undefined;
  let [at, last] = [index, size - 1];
  let root = leaf;
  for (const hash of path) {
    if (last === 0) return undefined;
    if (at % 2 === 1 || at === last) {
      root = nodeHash(hash, root);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else {
      root = nodeHash(root, hash);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 ? root : undefined;
}

export interface ConsistencyClaim {
  readonly oldSize: number;
  readonly oldRoot: Uint8Array;
  readonly size: number;
  readonly root: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/** Whether the old tree is the beginning of the new one (RFC 9162, 2.1.4.2). */
export function isConsistent({ oldSize, oldRoot, size, root, path }: ConsistencyClaim): boolean {
  if (!isSize(oldSize) || !isSize(size) || oldSize > size) return false;
  if (oldSize === size) return path.length === 0 && equalBytes(oldRoot, root);
  if (oldSize === 0) return path.length === 0 && equalBytes(oldRoot, emptyRoot());
  // An old tree that is perfect is a node of the new one: the verifier knows its hash.
  const hashes = Number.isInteger(Math.log2(oldSize)) ? [oldRoot, ...path] : path;
  let [at, last] = [oldSize - 1, size - 1];
  while (at % 2 === 1) [at, last] = [(at - 1) / 2, Math.floor(last / 2)];
  const [first, ...rest] = hashes;
  if (first === undefined) return false;
  let [old, present]: [Uint8Array, Uint8Array] = [first, first];
  for (const hash of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      [old, present] = [nodeHash(hash, old), nodeHash(hash, present)];
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else {
      present = nodeHash(present, hash);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && equalBytes(old, oldRoot) && equalBytes(present, root);
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
