import { sha256 } from '../crypto/index.ts';

/** Bytes of a hash in the tree. */
export const HASH_BYTES = 32;

const ZERO = Uint8Array.of(0);
// Hashing is synchronous: one buffer serves every inner node.
const node = new Uint8Array(1 + 2 * HASH_BYTES);
node[0] = 1;

/** The hash of a leaf (RFC 6962, 2.1): SHA-256(0x00 | entry). */
export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256(ZERO, entry);
}

/** The hash of an inner node (RFC 6962, 2.1): SHA-256(0x01 | left | right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  node.set(left, 1);
  node.set(right, 1 + HASH_BYTES);
  return sha256(node);
}

/** The hash of the empty tree: SHA-256 of nothing. */
export function emptyRoot(): Uint8Array {
  return sha256();
}

/** The largest power of two below `size`, which is at least 2: where RFC 6962 divides a tree. */
export function splitPoint(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

/** The hash over a number of neighbouring subtrees of one height, which is a power of two. */
export function perfectHash(hashes: readonly Uint8Array[]): Uint8Array {
  let level = hashes;
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let at = 0; at < level.length; at += 2) above.push(nodeHash(level[at] as Uint8Array, level[at + 1] as Uint8Array));
    level = above;
  }
  return level[0] as Uint8Array;
}

/**
 * The root of a tree whose right edge is known: at each height of tiles, the hashes that do not fill a tile yet.
 * @param levels - lowest first
 */
export function rootOfEdge(levels: readonly (readonly Uint8Array[])[]): Uint8Array {
  let root: Uint8Array | undefined;
  // The perfect subtrees that make up the tree become larger to the left: joined from the right they give its root.
  for (const hashes of levels) {
    let end = hashes.length;
    for (let width = 1; end > 0; width *= 2) {
      if (Math.floor(hashes.length / width) % 2 === 0) continue;
      const left = perfectHash(hashes.slice(end - width, end));
      root = root === undefined ? left : nodeHash(left, root);
      end -= width;
    }
  }
  return root ?? emptyRoot();
}
