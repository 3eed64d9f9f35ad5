/** Lower-case hex with `0x`. */
export type Hex = `0x${string}`;
/** An Ethereum address as the house writes it: lower case. */
export type Address = `0x${string}`;

/** Bytes that are written at once. */
const CHUNK_BYTES = 1024;
const digits = new TextEncoder().encode('0123456789abcdef');
// Character codes in an array become one flat string; adding digit to digit would build a tree that has to be flattened.
const codes = new Uint8Array(2 * CHUNK_BYTES);
const codesOf = Array.from({ length: 33 }, (_, length) => codes.subarray(0, 2 * length) as unknown as number[]);

export function toHex(bytes: Uint8Array): Hex {
  if (bytes.length < codesOf.length) return `0x${chunkToHex(bytes, 0, bytes.length)}`;
  let text: Hex = '0x';
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) text += chunkToHex(bytes, at, Math.min(bytes.length, at + CHUNK_BYTES));
  return text;
}

function chunkToHex(bytes: Uint8Array, from: number, to: number): string {
  for (let at = from, write = 0; at < to; at++) {
    const byte = bytes[at] as number;
    codes[write++] = digits[byte >> 4] as number;
    codes[write++] = digits[byte & 15] as number;
  }
  return String.fromCharCode.apply(null, codesOf[to - from] ?? (codes.subarray(0, 2 * (to - from)) as unknown as number[]));
}

/** Value of each character code as a hex digit, 255 where it is none. */
const values = new Uint8Array(128).fill(255);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  values[digit.charCodeAt(0)] = value;
  values[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Reads hex with or without `0x`; throws RangeError on anything else. */
export function fromHex(text: string): Uint8Array {
  const start = text.startsWith('0x') ? 2 : 0;
  const length = (text.length - start) / 2;
  if (!Number.isInteger(length)) throw new RangeError(`not hex: ${text.slice(0, 80)}`);
  const bytes = new Uint8Array(length);
  for (let at = 0, from = start; at < length; at++, from += 2) {
    // An absent digit (a character beyond ASCII) reads as undefined, which the comparison refuses as well.
    const high = values[text.charCodeAt(from)] ?? 255;
    const low = values[text.charCodeAt(from + 1)] ?? 255;
    if (high === 255 || low === 255) throw new RangeError(`not hex: ${text.slice(0, 80)}`);
    bytes[at] = (high << 4) | low;
  }
  return bytes;
}

export function isAddress(text: string): text is Address {
  return /^0x[0-9a-f]{40}$/.test(text);
}

/** The house's spelling of an address given in any letter case; throws RangeError when it is none. */
export function toAddress(text: string): Address {
  const lower = text.toLowerCase();
  if (!isAddress(lower)) throw new RangeError(`not an address: ${text.slice(0, 80)}`);
  return lower;
}

/** The parts one after the other. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return false;
  return true;
}

/** Lexicographic order of byte strings: negative, zero or positive. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const difference = (left[at] as number) - (right[at] as number);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
