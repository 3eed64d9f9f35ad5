import { concatBytes, keccak256 } from '../../../crypto/index.ts';
import { BuiltInRevert } from './built-in.ts';

const WORD = 32;
const encoder = new TextEncoder();

/** The first four bytes of a call of this function, as a number. */
export function selectorOf(signature: string): number {
  return new DataView(keccak256(encoder.encode(signature)).buffer).getUint32(0);
}

/** The first topic of an event. */
export function topicOf(signature: string): Uint8Array {
  return keccak256(encoder.encode(signature));
}

/** The data of a custom error with words as arguments. */
export function errorData(signature: string, ...words: readonly Uint8Array[]): Uint8Array {
  return concatBytes([keccak256(encoder.encode(signature)).subarray(0, 4), ...words]);
}

/** Bytes of at most a word, right-aligned in one, as numbers and addresses are. */
export function wordOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length === WORD) return bytes;
  const word = new Uint8Array(WORD);
  word.set(bytes, WORD - bytes.length);
  return word;
}

/** A natural number below 2^64 as a word. */
export function wordOfNumber(value: bigint | number): Uint8Array {
  const word = new Uint8Array(WORD);
  new DataView(word.buffer).setBigUint64(24, BigInt(value));
  return word;
}

/** A byte string as the only answer of a function: offset, length, content padded to words. */
export function bytesAnswer(content: Uint8Array): Uint8Array {
  return concatBytes([wordOfNumber(WORD), bytesTail(content)]);
}

/** A byte string within a tuple: its length and its content padded to words. */
export function bytesTail(content: Uint8Array): Uint8Array {
  const tail = new Uint8Array(WORD + WORD * Math.ceil(content.length / WORD));
  tail.set(wordOfNumber(content.length), 0);
  tail.set(content, WORD);
  return tail;
}

/**
 * Reads ABI-encoded arguments as a Solidity contract does: what lies outside the data, and a number or an address that
 * has bits where its type has none, makes the call revert without a reason.
 */
export class AbiReader {
  private readonly data: Uint8Array;
  private readonly base: number;

  /** Positions count from `base`: the arguments begin after the selector, a nested tuple where its offset says. */
  constructor(data: Uint8Array, base: number) {
    this.data = data;
    this.base = base;
  }

  /** The bytes of the word at `position`; they share memory with the data. */
  word(position: number): Uint8Array {
    const from = this.base + position;
    if (from + WORD > this.data.length) throw new BuiltInRevert();
    return this.data.subarray(from, from + WORD);
  }

  address(position: number): Uint8Array {
    const word = this.word(position);
    if (!isZero(word, 12)) throw new BuiltInRevert();
    return word.subarray(12);
  }

  uint64(position: number): bigint {
    const word = this.word(position);
    if (!isZero(word, 24)) throw new BuiltInRevert();
    return new DataView(word.buffer, word.byteOffset + 24).getBigUint64(0);
  }

  /** Lengths and offsets are read as this too: larger ones lie outside of any transaction. */
  uint32(position: number): number {
    const word = this.word(position);
    if (!isZero(word, 28)) throw new BuiltInRevert();
    return new DataView(word.buffer, word.byteOffset + 28).getUint32(0);
  }

  /** The byte string whose offset stands at `position`. */
  bytes(position: number): Uint8Array {
    const at = this.uint32(position);
    const length = this.uint32(at);
    const from = this.base + at + WORD;
    if (from + length > this.data.length) throw new BuiltInRevert();
    return this.data.subarray(from, from + length);
  }

  /** The list whose offset stands at `position`: how long it is, and a reader that begins at its first item. */
  list(position: number, itemWords: number): { readonly length: number; readonly items: AbiReader } {
    const at = this.uint32(position);
    const length = this.uint32(at);
    const from = this.base + at + WORD;
    if (from + length * itemWords * WORD > this.data.length) throw new BuiltInRevert();
    return { length, items: new AbiReader(this.data, from) };
  }

  /** The tuple whose offset stands at `position`. */
  tuple(position: number): AbiReader {
    const at = this.uint32(position);
    return new AbiReader(this.data, this.base + at);
  }
}

function isZero(word: Uint8Array, count: number): boolean {
  for (let at = 0; at < count; at++) if (word[at] !== 0) return false;
  return true;
}
