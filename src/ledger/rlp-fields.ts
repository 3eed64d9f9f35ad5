import { decodeRlp, encodeRlp, type RlpInput, type RlpItem } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';

/** What RLP decodes to: bytes or a list. */
export type Item = RlpItem;

/** Anything RLP encodes. */
export type Encodable = RlpInput;

export function encode(value: Encodable): Uint8Array {
  return encodeRlp(value);
}

function malformed(what: string, cause?: unknown): TreadleError {
  return new TreadleError('LEDGER_MALFORMED', {
    detail: `${what} is malformed`,
    data: { what },
    ...(cause !== undefined && { cause }),
  });
}

/** Decodes exactly one RLP item. @throws TreadleError LEDGER_MALFORMED */
export function decode(bytes: Uint8Array, what: string): Item {
  try {
    return decodeRlp(bytes);
  } catch (cause) {
    throw malformed(what, cause);
  }
}

/** The item as a list, of `length` items when given. @throws TreadleError LEDGER_MALFORMED */
export function listOf(item: Item | undefined, what: string, length?: number): readonly Item[] {
  if (!Array.isArray(item) || (length !== undefined && item.length !== length)) throw malformed(what);
  return item;
}

/** The item as bytes, of `length` bytes when given. @throws TreadleError LEDGER_MALFORMED */
export function bytesOf(item: Item | undefined, what: string, length?: number): Uint8Array {
  if (!(item instanceof Uint8Array) || (length !== undefined && item.length !== length)) throw malformed(what);
  return item;
}

/** The item as a canonical big-endian integer of at most 32 bytes. @throws TreadleError LEDGER_MALFORMED */
export function bigintOf(item: Item | undefined, what: string): bigint {
  const bytes = bytesOf(item, what);
  if (bytes.length > 32 || bytes[0] === 0) throw malformed(what);
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

/** The item as a canonical non-negative safe integer. @throws TreadleError LEDGER_MALFORMED */
export function numberOf(item: Item | undefined, what: string): number {
  const bytes = bytesOf(item, what);
  if (bytes.length > 7 || bytes[0] === 0) throw malformed(what);
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  if (!Number.isSafeInteger(value)) throw malformed(what);
  return value;
}
