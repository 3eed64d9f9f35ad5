import { fromHex, type Hex, keccak256 } from '../crypto/index.ts';

/** A number, an address or 32 bytes as one ABI word. @throws RangeError for what is no 256-bit number */
export function word(value: bigint | Hex): Uint8Array {
  if (typeof value === 'bigint' && (value < 0n || value >= 1n << 256n)) throw new RangeError(`not a 256-bit number: ${value}`);
  const hex = typeof value === 'bigint' ? value.toString(16) : value.slice(2);
  return fromHex(hex.padStart(64, '0'));
}

/** keccak256 over words of 32 bytes one after the other. */
export function hashWords(words: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(32 * words.length);
  for (const [index, each] of words.entries()) bytes.set(each, 32 * index);
  return keccak256(bytes);
}

/** A short text as `bytes32`: its UTF-8 bytes, filled up with zeros. @throws RangeError for what is empty or has more than 32 bytes */
export function textWord(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length === 0 || bytes.length > 32) throw new RangeError(`a name has 1 to 32 bytes: ${text.slice(0, 80)}`);
  const filled = new Uint8Array(32);
  filled.set(bytes);
  return filled;
}

/** The text that {@link textWord} made a word of. */
export function wordText(id: Hex): string {
  const bytes = fromHex(id);
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0) length--;
  return new TextDecoder().decode(bytes.subarray(0, length));
}
