import { concatBytes, fromHex, type Hex, keccak256, sha256, toHex } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import './errors.ts';
import { HASH_BYTES } from './tree-hash.ts';

/** What a log was at one moment: the first `size` entries have this root. */
export interface Checkpoint {
  /** The name of the log. */
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

const ORIGIN = /^[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?$/;

/** @throws TreadleError TWINS_ORIGIN_INVALID */
export function checkOrigin(origin: string): void {
  if (!ORIGIN.test(origin))
    throw new TreadleError('TWINS_ORIGIN_INVALID', { detail: `"${origin.slice(0, 80)}" cannot name a log` });
}

/** The text of a checkpoint (C2SP tlog-checkpoint, without signatures: the ledger stands for them): origin, size, root in base64. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/** Reads a checkpoint. Whatever stands behind the third line is passed over. @throws TreadleError TWINS_CHECKPOINT_MALFORMED */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', size = '', root = ''] = text.split('\n');
  const bytes = /^[A-Za-z0-9+/]{43}=$/.test(root) ? fromBase64(root) : undefined;
  const isWhole = text.split('\n').length >= 4 && ORIGIN.test(origin) && /^(0|[1-9]\d{0,15})$/.test(size);
  if (!isWhole || bytes === undefined || !Number.isSafeInteger(Number(size)) || toBase64(bytes) !== root)
    throw new TreadleError('TWINS_CHECKPOINT_MALFORMED', { detail: `"${text.slice(0, 80)}" is no checkpoint` });
  return { origin, size: Number(size), root: bytes };
}

/** The stream of the records contract that holds the checkpoints of a log: the SHA-256 of its origin. */
export function streamOfOrigin(origin: string): Hex {
  return toHex(sha256(new TextEncoder().encode(origin)));
}

/** What a log puts on the ledger for a checkpoint: a segment of its stream. */
export interface AnchorSegment {
  /** Head of the stream before it; zeros before the first. */
  readonly previous: Hex;
  /** When the log took the first of its readings at the earliest, and the last at the latest; segments do not overlap. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Readings added since the checkpoint before. */
  readonly count: number;
  /** Root of the whole tree with them. */
  readonly root: Hex;
}

export const NO_HEAD: Hex = `0x${'00'.repeat(32)}`;

/** The head of the stream with this segment: keccak256(abi.encode(previous, fromMs, toMs, count, root)). */
export function headAfter({ previous, fromMs, toMs, count, root }: AnchorSegment): Hex {
  return toHex(keccak256(concatBytes([fromHex(previous), word(fromMs), word(toMs), word(count), fromHex(root)])));
}

/** A whole number as a word of the EVM. */
export function word(value: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setBigUint64(24, BigInt(value));
  return bytes;
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text: string): Uint8Array | undefined {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return bytes.length === HASH_BYTES ? bytes : undefined;
}
