import { type Address, fromHex, type Hex, toAddress, toHex } from '../../crypto/index.ts';
import { invalidParameter } from './rpc-error.ts';

/**
 * QUANTITY and DATA of EIP-1474. A quantity is the shortest hex of a number (`0x0`, `0x41`); data is two digits per
 * byte (`0x`, `0x0041`). Readers name the parameter and say what is wrong with it.
 */

const QUANTITY_DIGITS_MAX = 64;

export function quantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`;
}

/** @throws RpcError -32602 */
export function parseQuantity(value: unknown, where: string): bigint {
  const expected = 'a quantity (a hex number such as "0x41")';
  if (typeof value !== 'string' || !value.startsWith('0x')) throw invalidParameter(where, expected, value);
  const digits = value.slice(2);
  if (digits === '') throw invalidParameter(where, `${expected}, zero is "0x0"`, value);
  if (!/^[0-9a-fA-F]+$/.test(digits)) throw invalidParameter(where, expected, value);
  if (digits.length > 1 && digits.startsWith('0')) throw invalidParameter(where, `${expected} without leading zeros`, value);
  if (digits.length > QUANTITY_DIGITS_MAX) throw invalidParameter(where, `${expected} of at most 256 bits`, value);
  return BigInt(value);
}

/** A whole number written as a quantity or as a JSON number: our own methods and `eth_feeHistory` take both. */
export function parseWholeNumber(value: unknown, where: string): number {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value < 0) throw invalidParameter(where, 'a whole number of at least 0', value);
    return value;
  }
  return safeNumber(parseQuantity(value, where));
}

/** A bigint as a number; what is too large for one becomes the largest, which no block number or count reaches. */
export function safeNumber(value: bigint): number {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
}

/** @throws RpcError -32602 */
export function parseData(value: unknown, where: string): Uint8Array {
  const expected = 'data (hex such as "0x0041", two digits per byte)';
  if (typeof value !== 'string' || !value.startsWith('0x')) throw invalidParameter(where, expected, value);
  if (value.length % 2 !== 0) throw invalidParameter(where, `${expected}, with an even number of digits`, value);
  if (!/^[0-9a-fA-F]*$/.test(value.slice(2))) throw invalidParameter(where, expected, value);
  return fromHex(value);
}

/** Data of exactly 32 bytes: a hash or a topic; lower case. */
export function parseHash(value: unknown, where: string): Hex {
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{64}$/.test(value)) {
    throw invalidParameter(where, 'a hash ("0x" and 64 hex digits)', value);
  }
  return value.toLowerCase() as Hex;
}

/** An address in any letter case; its checksum is not judged, as other nodes do not either. */
export function parseAddress(value: unknown, where: string): Address {
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{40}$/.test(value)) {
    throw invalidParameter(where, 'an address ("0x" and 40 hex digits)', value);
  }
  return toAddress(value);
}

/** A storage slot: a quantity, or up to 32 bytes with or without leading zeros; returned as 32 bytes. */
export function parseSlot(value: unknown, where: string): Uint8Array {
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) {
    throw invalidParameter(where, 'a storage slot ("0x" and 1 to 64 hex digits)', value);
  }
  return fromHex(value.slice(2).padStart(64, '0'));
}

/** Big-endian bytes as a quantity. */
export function quantityOfBytes(bytes: Uint8Array): Hex {
  return bytes.length === 0 ? '0x0' : quantity(BigInt(toHex(bytes)));
}

/** Bytes left-padded to `length`. */
export function padLeft(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length >= length) return bytes;
  const padded = new Uint8Array(length);
  padded.set(bytes, length - bytes.length);
  return padded;
}
