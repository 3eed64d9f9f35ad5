import { fromHex, type Hex, toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { rememberByIdentity } from '../../remember.ts';
import '../errors.ts';
import { CHUNK_SET_BYTES, ChunkSet } from './exchange-chunk-set.ts';
import type { PayloadChunk } from './payload.ts';

/** The names of the exchange's protocols on the wire; a change of format takes a new number. */
export const PAYLOAD_PROTOCOLS = {
  /** Frame, bulk: a chunk with its proof, or a count of what was sent. */
  chunk: 'chunk/1',
  /** Frame, bulk: the same chunk, which its receiver should pass on to the other sealers. */
  relay: 'chunk-relay/1',
  /** Frame, control: notes, one after the other. */
  notes: 'chunk-notes/1',
} as const;

/** What nodes tell each other about bodies. A `missing` set that is empty says: the body is whole here. */
export type Note =
  /** I hold this body and would send it. */
  | { readonly type: 'offer'; readonly root: Hex }
  /** Send me these chunks of the body that you offered. */
  | { readonly type: 'ready'; readonly root: Hex; readonly missing: ChunkSet; readonly relays: boolean }
  /** Send me these chunks now, before whatever nobody waits for. */
  | { readonly type: 'pull'; readonly root: Hex; readonly missing: ChunkSet }
  /** I lack these chunks of the body; nobody waits for them, so send them when their turn comes. */
  | { readonly type: 'lack'; readonly root: Hex; readonly missing: ChunkSet }
  /** Of this body, which I spread, a quorum of the sealers is known to hold all. */
  | { readonly type: 'settled'; readonly root: Hex }
  /** It is on its way: have patience with these chunks. To an offer: another peer is sending it to me. */
  | { readonly type: 'later'; readonly root: Hex; readonly missing: ChunkSet }
  /** I do not hold these chunks that you pull. */
  | { readonly type: 'none'; readonly root: Hex; readonly missing: ChunkSet }
  /** I passed this chunk on to the others, or decline to. */
  | { readonly type: 'relayed'; readonly root: Hex; readonly index: number; readonly done: boolean }
  /** Bytes of chunk frames of this connection that you may count as arrived. */
  | { readonly type: 'credit'; readonly bytes: number };

/** What a chunk frame says: a chunk, or how many bytes of chunk frames were sent before it. */
export type ChunkFrame =
  | { readonly type: 'chunk'; readonly root: Hex; readonly chunk: PayloadChunk }
  | { readonly type: 'sync'; readonly sentBytes: number };

const NOTE_TYPES = ['offer', 'ready', 'pull', 'later', 'none', 'relayed', 'credit', 'lack', 'settled'] as const;
const ROOT_BYTES = 32;
const COUNT_BYTES = 6;
const CHUNK = 0;
const SYNC = 1;
/** Kind, root, index (2 bytes), number of hashes in the proof. */
const CHUNK_HEADER_BYTES = 1 + ROOT_BYTES + 2 + 1;
/** Hashes in the proof of the largest tree. */
const PROOF_HASHES_MAX = 32;

/** Bytes of a frame with a chunk of this length and proof. */
export function chunkFrameBytes(chunkBytes: number, proofHashes: number): number {
  return CHUNK_HEADER_BYTES + 32 * proofHashes + chunkBytes;
}

export function encodeChunkFrame(root: Hex, { index, proof, bytes }: PayloadChunk): Uint8Array {
  const frame = new Uint8Array(chunkFrameBytes(bytes.length, proof.length));
  frame[0] = CHUNK;
  frame.set(fromHex(root), 1);
  frame[1 + ROOT_BYTES] = index >>> 8;
  frame[2 + ROOT_BYTES] = index & 0xff;
  frame[3 + ROOT_BYTES] = proof.length;
  let at = CHUNK_HEADER_BYTES;
  for (const hash of proof) {
    frame.set(hash, at);
    at += 32;
  }
  frame.set(bytes, at);
  return frame;
}

export function encodeSyncFrame(sentBytes: number): Uint8Array {
  const frame = new Uint8Array(1 + COUNT_BYTES);
  frame[0] = SYNC;
  writeCount(frame, 1, sentBytes);
  return frame;
}

/** Reads a frame of chunk or relay; the chunk shares the frame's memory. @throws TreadleError LEDGER_MALFORMED */
export const decodeChunkFrame = rememberByIdentity((frame: Uint8Array): ChunkFrame => {
  if (frame[0] === SYNC && frame.length === 1 + COUNT_BYTES) return { type: 'sync', sentBytes: readCount(frame, 1) };
  const hashes = frame[3 + ROOT_BYTES] ?? 0;
  const bodyAt = CHUNK_HEADER_BYTES + 32 * hashes;
  if (frame[0] !== CHUNK || hashes > PROOF_HASHES_MAX || frame.length <= bodyAt) throw malformed('frame with a chunk');
  const proof = Array.from({ length: hashes }, (_, at) =>
    frame.subarray(CHUNK_HEADER_BYTES + 32 * at, CHUNK_HEADER_BYTES + 32 * (at + 1)),
  );
  const index = ((frame[1 + ROOT_BYTES] as number) << 8) | (frame[2 + ROOT_BYTES] as number);
  return {
    type: 'chunk',
    root: toHex(frame.subarray(1, 1 + ROOT_BYTES)),
    chunk: { index, proof, bytes: frame.subarray(bodyAt) },
  };
});

/** One note as it stands in a frame of notes. */
export function encodeNote(note: Note): Uint8Array {
  const out = new Uint8Array(noteBytes(note.type));
  out[0] = NOTE_TYPES.indexOf(note.type);
  if (note.type === 'credit') {
    writeCount(out, 1, note.bytes);
    return out;
  }
  out.set(fromHex(note.root), 1);
  const at = 1 + ROOT_BYTES;
  if (note.type === 'relayed') {
    out[at] = note.index >>> 8;
    out[at + 1] = note.index & 0xff;
    out[at + 2] = note.done ? 1 : 0;
  } else if (note.type !== 'offer' && note.type !== 'settled') {
    note.missing.write(out, at);
    if (note.type === 'ready') out[at + CHUNK_SET_BYTES] = note.relays ? 1 : 0;
  }
  return out;
}

/** Reads a frame of notes. @throws TreadleError LEDGER_MALFORMED */
export function decodeNotes(frame: Uint8Array): readonly Note[] {
  const notes: Note[] = [];
  for (let at = 0; at < frame.length; ) {
    const type = NOTE_TYPES[frame[at] as number];
    if (type === undefined || at + noteBytes(type) > frame.length) throw malformed('frame of notes');
    notes.push(decodeNote(type, frame, at + 1));
    at += noteBytes(type);
  }
  return notes;
}

function decodeNote(type: Note['type'], frame: Uint8Array, at: number): Note {
  if (type === 'credit') return { type, bytes: readCount(frame, at) };
  const root = toHex(frame.subarray(at, at + ROOT_BYTES));
  const rest = at + ROOT_BYTES;
  switch (type) {
    case 'offer':
    case 'settled':
      return { type, root };
    case 'relayed':
      return { type, root, index: ((frame[rest] as number) << 8) | (frame[rest + 1] as number), done: frame[rest + 2] === 1 };
    case 'ready':
      return { type, root, missing: ChunkSet.read(frame, rest), relays: frame[rest + CHUNK_SET_BYTES] === 1 };
    default:
      return { type, root, missing: ChunkSet.read(frame, rest) };
  }
}

function noteBytes(type: Note['type']): number {
  switch (type) {
    case 'credit':
      return 1 + COUNT_BYTES;
    case 'offer':
    case 'settled':
      return 1 + ROOT_BYTES;
    case 'relayed':
      return 1 + ROOT_BYTES + 3;
    case 'ready':
      return 1 + ROOT_BYTES + CHUNK_SET_BYTES + 1;
    default:
      return 1 + ROOT_BYTES + CHUNK_SET_BYTES;
  }
}

function writeCount(bytes: Uint8Array, at: number, count: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, COUNT_BYTES);
  view.setUint16(0, Math.floor(count / 2 ** 32));
  view.setUint32(2, count % 2 ** 32);
}

function readCount(bytes: Uint8Array, at: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, COUNT_BYTES);
  return view.getUint16(0) * 2 ** 32 + view.getUint32(2);
}

function malformed(what: string): TreadleError {
  return new TreadleError('LEDGER_MALFORMED', { detail: `${what} is malformed`, data: { what } });
}
