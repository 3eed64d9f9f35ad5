import type { Timer } from '../../environment/index.ts';
import { PAYLOAD_CHUNK_BYTES, PAYLOAD_SEGMENT_CHUNKS_MAX } from '../../limits.ts';
import { rememberByIdentity } from '../../remember.ts';
import type { PayloadChunk, PayloadCommitment } from './payload.ts';
import { chunkCountOf, chunkFault, chunkLengthOf } from './payload-tree.ts';
import type { SegmentContent } from './segment-cache.ts';
import type { Segment } from './segment-index.ts';

/** A chunk that waits for others of its body to be written with them. */
export interface WaitingChunk {
  readonly chunk: PayloadChunk;
  readonly written: PromiseWithResolvers<void>;
  writing: boolean;
}

/** What a store knows of one body: where its chunks lie, and which are on their way to the disk. */
export class StoredBody {
  readonly commitment: PayloadCommitment;
  readonly chunks: number;
  readonly segments = new Set<Segment>();
  readonly waiting = new Map<number, WaitingChunk>();
  timer: Timer | undefined;
  /** One bit per chunk that is held. */
  private held = 0n;

  constructor(commitment: PayloadCommitment) {
    this.commitment = commitment;
    this.chunks = chunkCountOf(commitment.lengthBytes);
  }

  get whole(): boolean {
    return this.held === (1n << BigInt(this.chunks)) - 1n;
  }

  has(index: number): boolean {
    return ((this.held >> BigInt(index)) & 1n) === 1n;
  }

  /** The chunks that are not held. */
  absent(): readonly number[] {
    return Array.from({ length: this.chunks }, (_, index) => index).filter((index) => !this.has(index));
  }

  add(segment: Segment): void {
    this.segments.add(segment);
    this.held |= maskOf(segment);
  }

  /** Takes a segment out; false when it is not there. */
  remove(segment: Segment): boolean {
    if (!this.segments.delete(segment)) return false;
    this.held = [...this.segments].reduce((held, other) => held | maskOf(other), 0n);
    return true;
  }

  /** Whether what waits should be written now: it is the rest of the body, or a full segment. */
  get due(): boolean {
    const waiting = [...this.waiting.values()].filter(({ writing }) => !writing).length;
    return waiting >= PAYLOAD_SEGMENT_CHUNKS_MAX || this.absent().every((index) => this.waiting.has(index));
  }
}

function maskOf({ indexes }: Segment): bigint {
  return indexes.reduce((mask, index) => mask | (1n << BigInt(index)), 0n);
}

/** Whether what was read from disk is what was written: the blob's name says so too, but a body that is passed on must be right. */
export function fits({ commitment, indexes }: Segment, { bytes, proofs }: SegmentContent): boolean {
  return chunksOf(bytes).every((chunk, at) => {
    const proof = proofs[at] as readonly Uint8Array[];
    return chunkFault(commitment, { index: indexes[at] as number, bytes: chunk, proof }) === undefined;
  });
}

/** The chunks of a segment, each the same array whenever it is asked for, so that what is remembered of it serves again. */
export const chunksOf = rememberByIdentity((content: Uint8Array): readonly Uint8Array[] =>
  Array.from({ length: chunkCountOf(content.length) }, (_, at) =>
    content.subarray(at * PAYLOAD_CHUNK_BYTES, at * PAYLOAD_CHUNK_BYTES + chunkLengthOf(content.length, at)),
  ),
);

/** A body that is a small part of a request would keep all of that in memory. */
export function owned(body: Uint8Array): Uint8Array {
  return body.length === body.buffer.byteLength ? body : Uint8Array.from(body);
}

/** Chunks, one after the other. */
export function joined(chunks: readonly PayloadChunk[]): Uint8Array {
  const content = new Uint8Array(chunks.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { bytes } of chunks) {
    content.set(bytes, at);
    at += bytes.length;
  }
  return content;
}
