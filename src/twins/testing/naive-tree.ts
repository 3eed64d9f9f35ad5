import { sha256 } from '../../crypto/index.ts';
import { leafHash, nodeHash, splitPoint } from '../tree-hash.ts';

/** RFC 6962, 2.1, word for word: the root of a list of entries. */
export function naiveRoot(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length === 0) return sha256();
  if (entries.length === 1) return leafHash(entries[0] as Uint8Array);
  const k = splitPoint(entries.length);
  return nodeHash(naiveRoot(entries.slice(0, k)), naiveRoot(entries.slice(k)));
}

/** RFC 6962, 2.1.1: PATH(m, D[n]). */
export function naivePath(m: number, entries: readonly Uint8Array[]): Uint8Array[] {
  if (entries.length === 1) return [];
  const k = splitPoint(entries.length);
  if (m < k) return [...naivePath(m, entries.slice(0, k)), naiveRoot(entries.slice(k))];
  return [...naivePath(m - k, entries.slice(k)), naiveRoot(entries.slice(0, k))];
}

/** RFC 6962, 2.1.2: PROOF(m, D[n]). */
export function naiveProof(m: number, entries: readonly Uint8Array[]): Uint8Array[] {
  return m === 0 || m === entries.length ? [] : subProof(m, entries, true);
}

function subProof(m: number, entries: readonly Uint8Array[], isWhole: boolean): Uint8Array[] {
  if (m === entries.length) return isWhole ? [] : [naiveRoot(entries)];
  const k = splitPoint(entries.length);
  if (m <= k) return [...subProof(m, entries.slice(0, k), isWhole), naiveRoot(entries.slice(k))];
  return [...subProof(m - k, entries.slice(k), false), naiveRoot(entries.slice(0, k))];
}
