import { fromHex, type Hex, toHex } from '../../crypto/index.ts';
import { KEY_PIECE_BYTES } from '../../limits.ts';
import { BytePacker } from '../byte-packer.ts';

/** The first byte of a key of the chain table says what lies under it. */
export const PREFIX = {
  /** + number: header, certificate, transactions up to it. */
  header: 0x68, // 'h'
  /** + block hash: number. */
  number: 0x6e, // 'n'
  /** + number: the encoded transactions. */
  body: 0x62, // 'b'
  /** + number: what the transactions came to. */
  outcomes: 0x72, // 'r'
  /** + transaction hash: number and index. */
  place: 0x74, // 't'
  /** + hash of a trie node or of code. */
  state: 0x73, // 's'
  /** Alone: where the chain ends. */
  head: 0x6d, // 'm'
  /** Alone: where what is kept begins. */
  floor: 0x66, // 'f'
} as const;

/** Under {@link PREFIX.head} alone. */
export const HEAD_KEY = Uint8Array.of(PREFIX.head);
/** Under {@link PREFIX.floor} alone. */
export const FLOOR_KEY = Uint8Array.of(PREFIX.floor);

/** Prefix and number, so that the order of the keys is that of the blocks. */
export function numberKey(prefix: number, number: number): Uint8Array {
  const key = new Uint8Array(9);
  key[0] = prefix;
  for (let at = 8, left = number; left > 0; at--, left = Math.floor(left / 256)) key[at] = left % 256;
  return key;
}

// A block writes thousands of them at once. A database that takes them one by one would move each out of V8's heap by itself.
const packer = new BytePacker(KEY_PIECE_BYTES);

/** Prefix and hash, the latter as hex or as 32 bytes. */
export function hashKey(prefix: number, hash: Hex | Uint8Array): Uint8Array {
  const key = packer.take(33);
  key[0] = prefix;
  key.set(typeof hash === 'string' ? fromHex(hash) : hash, 1);
  return key;
}

/** What a key of the chain table stands for. */
export type KeyMeaning =
  | { readonly kind: 'header' | 'body' | 'outcomes'; readonly number: number }
  | { readonly kind: 'number' | 'place' | 'state'; readonly hash: Hex }
  | { readonly kind: 'head' | 'floor' | 'unknown' };

/** Reads a key of the chain table. */
export function meaningOf(key: Uint8Array): KeyMeaning {
  const kind = (Object.keys(PREFIX) as (keyof typeof PREFIX)[]).find((name) => PREFIX[name] === key[0]);
  switch (kind) {
    case 'header':
    case 'body':
    case 'outcomes':
      return key.length === 9 ? { kind, number: numberIn(key) } : { kind: 'unknown' };
    case 'number':
    case 'place':
    case 'state':
      return key.length === 33 ? { kind, hash: toHex(key.subarray(1)) } : { kind: 'unknown' };
    default:
      return key.length === 1 && kind !== undefined ? { kind } : { kind: 'unknown' };
  }
}

/** The block number in a key of a header, body or outcomes; undefined for other keys. */
export function blockNumberOf(key: Uint8Array): number | undefined {
  const prefix = key[0];
  const numbered = prefix === PREFIX.header || prefix === PREFIX.body || prefix === PREFIX.outcomes;
  return numbered && key.length === 9 ? numberIn(key) : undefined;
}

function numberIn(key: Uint8Array): number {
  let number = 0;
  for (let at = 1; at < key.length; at++) number = number * 256 + (key[at] as number);
  return number;
}
