import { type Input, RLP } from '@ethereumjs/rlp';

/** What RLP decodes to: bytes or a list. */
export type RlpItem = Uint8Array | RlpItem[];

/** What RLP encodes: bytes, natural numbers (big-endian, without leading zeros) and lists of them. */
export type RlpInput = Uint8Array | number | bigint | readonly RlpInput[];

/**
 * Encodes a value as RLP (Ethereum's Recursive Length Prefix).
 * @throws RangeError when a number is negative
 */
export function encodeRlp(value: RlpInput): Uint8Array {
  try {
    return RLP.encode(value as Input);
  } catch (cause) {
    throw new RangeError('RLP has no encoding for this value', { cause });
  }
}

/**
 * Decodes exactly one RLP item in canonical form. It may share memory with `bytes`.
 * @throws RangeError when the bytes are anything else
 */
export function decodeRlp(bytes: Uint8Array): RlpItem {
  if (bytes.length === 0) throw new RangeError('RLP: an item is missing');
  try {
    return RLP.decode(bytes) as RlpItem;
  } catch (cause) {
    throw new RangeError('not canonical RLP', { cause });
  }
}
