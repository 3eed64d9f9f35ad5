import { BoundedMap } from '../../bounded-map.ts';
import { equalBytes, fromHex, type Hex, sha256, toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { PAYLOAD_BYTES_MAX, PAYLOAD_CHUNK_BYTES, PAYLOAD_MEDIA_TYPE_CHARACTERS_MAX, PAYLOAD_TREES_MAX } from '../../limits.ts';
import { rememberByIdentity } from '../../remember.ts';
import '../errors.ts';
import type { PayloadChunk, PayloadCommitment } from './payload.ts';

/*
 * The Merkle tree over a body, with SHA-256:
 *   leaf(i)  = H(0x00 | i as 4 bytes | chunk i)
 *   node     = H(0x01 | left | right); the last of an odd number goes up to the next level unchanged
 *   root     = H(0x02 | length in bytes as 8 bytes | top)
 * The first byte keeps leaves, nodes and roots apart, a leaf knows its place, and the length in the root fixes the shape of the
 * tree: two bodies, or one body cut in two ways, never share a root.
 */
const LEAF = 0;
const NODE = 1;
const ROOT = 2;

/** The tree of one body. */
export interface PayloadTree {
  readonly root: Hex;
  readonly lengthBytes: number;
  /** Leaves first, the top (one hash) last. */
  readonly levels: readonly (readonly Uint8Array[])[];
}

/** How many chunks a body of this length has. */
export function chunkCountOf(lengthBytes: number): number {
  return Math.ceil(lengthBytes / PAYLOAD_CHUNK_BYTES);
}

/** How many bytes chunk `index` of a body of this length has. */
export function chunkLengthOf(lengthBytes: number, index: number): number {
  return Math.min(PAYLOAD_CHUNK_BYTES, lengthBytes - index * PAYLOAD_CHUNK_BYTES);
}

/**
 * The tree over a body, computed once per array: the body must not be changed afterwards.
 * @throws TreadleError PAYLOAD_BAD_BODY when its length is not 1..PAYLOAD_BYTES_MAX
 */
export const payloadTreeOf = rememberByIdentity((body: Uint8Array): PayloadTree => {
  checkLength(body.length);
  const leaves = Array.from({ length: chunkCountOf(body.length) }, (_, index) =>
    leafOf(index, body.subarray(index * PAYLOAD_CHUNK_BYTES, (index + 1) * PAYLOAD_CHUNK_BYTES)),
  );
  const levels = [leaves];
  for (let level = leaves; level.length > 1; ) {
    level = parentsOf(level);
    levels.push(level);
  }
  const [top] = levels.at(-1) as [Uint8Array];
  return { root: toHex(rootOf(body.length, top)), lengthBytes: body.length, levels };
});

/**
 * What a payload transaction says of this body.
 * @throws TreadleError PAYLOAD_BAD_BODY | PAYLOAD_BAD_MEDIA_TYPE
 */
export function commitPayload(body: Uint8Array, mediaType: string): PayloadCommitment {
  checkMediaType(mediaType);
  return { root: payloadTreeOf(body).root, lengthBytes: body.length, mediaType };
}

/** The hashes that lead from chunk `index` to the top, lowest level first. */
export function proofOf(tree: PayloadTree, index: number): readonly Uint8Array[] {
  const proof: Uint8Array[] = [];
  let at = index;
  for (const level of tree.levels) {
    const sibling = level[at ^ 1];
    if (sibling !== undefined) proof.push(sibling);
    at >>= 1;
  }
  return proof;
}

/** Chunk `index` of a body with its proof. It shares the body's memory. */
export function chunkOf(body: Uint8Array, index: number): PayloadChunk {
  const bytes = body.subarray(index * PAYLOAD_CHUNK_BYTES, (index + 1) * PAYLOAD_CHUNK_BYTES);
  return { index, bytes, proof: proofOf(payloadTreeOf(body), index) };
}

/** Why a chunk is not the one that the commitment means; undefined when it is. */
export function chunkFault(commitment: PayloadCommitment, chunk: PayloadChunk): string | undefined {
  const { root, lengthBytes } = commitment;
  const known = sound.get(chunk);
  if (known?.root === root && known.lengthBytes === lengthBytes) return undefined;
  const fault = findFault(commitment, chunk);
  if (fault === undefined) sound.set(chunk, commitment);
  return fault;
}

// A chunk is checked when it comes and when it is stored, and by every node of the process that receives the same frame.
const sound = new WeakMap<PayloadChunk, PayloadCommitment>();

function findFault(commitment: PayloadCommitment, chunk: PayloadChunk): string | undefined {
  const count = chunkCountOf(commitment.lengthBytes);
  const { index, bytes, proof } = chunk;
  if (!Number.isInteger(index) || index < 0 || index >= count) return `it has no chunk ${index}, only ${count}`;
  if (bytes.length !== chunkLengthOf(commitment.lengthBytes, index)) return `chunk ${index} has ${bytes.length} bytes`;
  let hash = checkedLeafOf(chunk);
  let used = 0;
  for (let at = index, width = count; width > 1; at >>= 1, width = (width + 1) >> 1) {
    // The last of an odd number has no sibling and goes up as it is.
    if ((at ^ 1) >= width) continue;
    const sibling = proof[used++];
    if (sibling?.length !== 32) return `the proof of chunk ${index} is too short`;
    hash = at % 2 === 0 ? nodeOf(hash, sibling) : nodeOf(sibling, hash);
  }
  if (used !== proof.length) return `the proof of chunk ${index} is too long`;
  return equalBytes(rootOf(commitment.lengthBytes, hash), fromHex(commitment.root))
    ? undefined
    : `chunk ${index} does not lead to the root`;
}

/** Whether this is a media type that a commitment may name: `type/subtype` in printable ASCII. */
export function isMediaType(text: string): boolean {
  return text.length <= PAYLOAD_MEDIA_TYPE_CHARACTERS_MAX && /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:;[\x20-\x7e]*)?$/.test(text);
}

/** @throws TreadleError PAYLOAD_BAD_MEDIA_TYPE */
export function checkMediaType(mediaType: string): void {
  if (isMediaType(mediaType)) return;
  throw new TreadleError('PAYLOAD_BAD_MEDIA_TYPE', {
    detail: `"${mediaType.slice(0, 80)}" is no media type of at most ${PAYLOAD_MEDIA_TYPE_CHARACTERS_MAX} characters`,
  });
}

function checkLength(lengthBytes: number): void {
  if (lengthBytes >= 1 && lengthBytes <= PAYLOAD_BYTES_MAX) return;
  throw new TreadleError('PAYLOAD_BAD_BODY', {
    detail: `a body of ${lengthBytes} bytes cannot be sent, 1 to ${PAYLOAD_BYTES_MAX} can`,
    data: { lengthBytes, maximumBytes: PAYLOAD_BYTES_MAX },
  });
}

// A chunk that many nodes of a process receive is one array: its leaf is computed once per place in a body.
const leaves = new WeakMap<Uint8Array, { readonly index: number; readonly leaf: Uint8Array }>();

function checkedLeafOf({ index, bytes }: PayloadChunk): Uint8Array {
  const known = leaves.get(bytes);
  if (known?.index === index) return known.leaf;
  const leaf = leafOf(index, bytes);
  leaves.set(bytes, { index, leaf });
  return leaf;
}

function leafOf(index: number, chunk: Uint8Array): Uint8Array {
  const place = new Uint8Array(5);
  place[0] = LEAF;
  new DataView(place.buffer).setUint32(1, index);
  return sha256(place, chunk);
}

function parentsOf(level: readonly Uint8Array[]): Uint8Array[] {
  const parents: Uint8Array[] = [];
  for (let at = 0; at < level.length; at += 2) {
    const left = level[at] as Uint8Array;
    const right = level[at + 1];
    parents.push(right === undefined ? left : nodeOf(left, right));
  }
  return parents;
}

function nodeOf(left: Uint8Array, right: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(65);
  bytes[0] = NODE;
  bytes.set(left, 1);
  bytes.set(right, 33);
  return sha256(bytes);
}

function rootOf(lengthBytes: number, top: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(9 + top.length);
  bytes[0] = ROOT;
  new DataView(bytes.buffer).setBigUint64(1, BigInt(lengthBytes));
  bytes.set(top, 9);
  return sha256(bytes);
}

// Bodies put together from chunks, by their root: nodes of one process that hold the same body hold the same array.
const shared = new BoundedMap<string, WeakRef<Uint8Array>>(PAYLOAD_TREES_MAX);

/**
 * The array that this process knows a body by. A body put together by several simulated nodes is then in memory once, and what
 * is remembered by identity is computed once.
 *
 * @param part - names the part of the body, e.g. its root and the first chunk; the same name always means the same bytes
 */
export function sharedBytes(part: string, make: () => Uint8Array): Uint8Array {
  const known = shared.get(part)?.deref();
  if (known !== undefined) return known;
  const bytes = make();
  shared.set(part, new WeakRef(bytes));
  return bytes;
}
