import { fromHex, type Hex, toHex } from '../../crypto/index.ts';
import type { Table, TableOperation } from '../../environment/index.ts';
import { bytesOf, decode, encode, type Item, listOf, numberOf } from '../rlp-fields.ts';
import type { PayloadCommitment } from './payload.ts';
import { commitmentFields, commitmentOf } from './payload-transaction.ts';

/** Chunks of one body that lie on disk as one blob, one after the other. */
export interface Segment {
  /** Tells it from every other segment of this store, also from one of the same chunks that was written again. */
  readonly id: number;
  readonly commitment: PayloadCommitment;
  /** SHA-256 of the blob, as `Blobs` names it. */
  readonly blob: string;
  readonly sizeBytes: number;
  /** The chunks, ascending. */
  readonly indexes: readonly number[];
}

/** For each chunk of a segment, the hashes that lead to the root. */
export type Proofs = readonly (readonly Uint8Array[])[];

/** A body that a block refers to, and the number of the latest such block. */
export interface Reference {
  readonly commitment: PayloadCommitment;
  readonly height: number;
}

/** Segments of bodies, bodies of blocks that are held, and those that are wanted. */
const PREFIX = { segment: 0x73, kept: 0x6b, wanted: 0x77 } as const;

const ID_BYTES = 6;

function keyOf(prefix: number, root: Hex, id?: number): Uint8Array {
  const key = new Uint8Array(id === undefined ? 33 : 33 + ID_BYTES);
  key[0] = prefix;
  key.set(fromHex(root), 1);
  for (let at = key.length - 1, left = id ?? 0; at >= 33; at--, left = Math.floor(left / 256)) key[at] = left % 256;
  return key;
}

/** What is written for a segment. */
export function putSegment({ id, commitment, blob, sizeBytes, indexes }: Segment, proofs: Proofs): TableOperation {
  const chunks = indexes.map((index, at) => [index, [...(proofs[at] as readonly Uint8Array[])]]);
  const value = encode([...commitmentFields(commitment), fromHex(blob), sizeBytes, chunks]);
  return { type: 'put', key: keyOf(PREFIX.segment, commitment.root, id), value };
}

export function deleteSegment({ commitment, id }: Segment): TableOperation {
  return { type: 'del', key: keyOf(PREFIX.segment, commitment.root, id) };
}

/** A block refers to this body, which is held (`kept`) or to be fetched (`wanted`). */
export function putReference(kind: 'kept' | 'wanted', { commitment, height }: Reference): readonly TableOperation[] {
  const other = kind === 'kept' ? 'wanted' : 'kept';
  const value = encode([...commitmentFields(commitment), height]);
  return [
    { type: 'put', key: keyOf(PREFIX[kind], commitment.root), value },
    { type: 'del', key: keyOf(PREFIX[other], commitment.root) },
  ];
}

export function deleteReferences(root: Hex): readonly TableOperation[] {
  return [
    { type: 'del', key: keyOf(PREFIX.kept, root) },
    { type: 'del', key: keyOf(PREFIX.wanted, root) },
  ];
}

/** Every segment on disk that can be read; the keys of the others go to `onDamaged`. @throws TreadleError LEDGER_MALFORMED */
export async function* readSegments(table: Table, onDamaged: (key: Uint8Array) => void): AsyncIterable<Segment> {
  for await (const [key, value] of table.entries({ ...rangeOf(PREFIX.segment), onDamaged })) {
    const { chunks, ...segment } = segmentOf(value);
    const id = key.subarray(33).reduce((number, byte) => number * 256 + byte, 0);
    yield { id, ...segment, indexes: chunks.map(([index]) => numberOf(index, 'chunk index')) };
  }
}

/** The proofs of a segment; undefined when it is not on disk. @throws TreadleError LEDGER_MALFORMED */
export async function readProofs(table: Table, { commitment, id }: Segment): Promise<Proofs | undefined> {
  const value = await table.get(keyOf(PREFIX.segment, commitment.root, id));
  if (value === undefined) return undefined;
  return segmentOf(value).chunks.map(([, proof]) => listOf(proof, 'chunk proof').map((hash) => bytesOf(hash, 'proof hash', 32)));
}

function segmentOf(value: Uint8Array): {
  readonly commitment: PayloadCommitment;
  readonly blob: string;
  readonly sizeBytes: number;
  readonly chunks: readonly (readonly Item[])[];
} {
  const [root, length, type, blob, size, chunks] = listOf(decode(value, 'stored segment'), 'stored segment', 6);
  return {
    commitment: commitmentOf(root, length, type),
    blob: toHex(bytesOf(blob, 'blob', 32)).slice(2),
    sizeBytes: numberOf(size, 'segment size'),
    chunks: listOf(chunks, 'stored chunks').map((item) => listOf(item, 'stored chunk', 2)),
  };
}

/** Every reference of one kind. @throws TreadleError LEDGER_MALFORMED */
export async function* readReferences(
  table: Table,
  kind: 'kept' | 'wanted',
  onDamaged: (key: Uint8Array) => void,
): AsyncIterable<Reference> {
  for await (const [, value] of table.entries({ ...rangeOf(PREFIX[kind]), onDamaged })) {
    const [root, length, type, height] = listOf(decode(value, 'stored reference'), 'stored reference', 4);
    yield { commitment: commitmentOf(root, length, type), height: numberOf(height, 'block number') };
  }
}

function rangeOf(prefix: number): { readonly from: Uint8Array; readonly to: Uint8Array } {
  return { from: Uint8Array.of(prefix), to: Uint8Array.of(prefix + 1) };
}
