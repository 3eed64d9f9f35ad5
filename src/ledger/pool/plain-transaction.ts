import secp256k1 from 'secp256k1';
import { type Address, keccak256, toHex } from '../../crypto/index.ts';
import { isBelowHalfOrder, RlpCursor } from './rlp-cursor.ts';
import type { TransactionFields } from './transaction-fields.ts';

/** A transaction that was understood without the library, and what was recovered from its signature. */
export interface PlainTransaction {
  readonly fields: TransactionFields;
  readonly sender: Address;
  /** 64 bytes. */
  readonly publicKey: Uint8Array;
}

/** What was recovered last: 4 and the public key. */
const recovered = new Uint8Array(65);

const FEE_MARKET_TYPE = 2;
const NONCE_MAX = 0xffff_ffff_ffff_ffffn;
/** An empty access list. */
const EMPTY_LIST = 0xc0;

/**
 * Decodes what nearly every transaction is: type 2 without an access list, or a legacy one with its chain's id, to an
 * address, canonically encoded. Undefined for everything else, valid or not, which the library then judges: what this
 * accepts, the library accepts with the same fields and the same sender (a test compares).
 */
export function decodePlainTransaction(raw: Uint8Array, chainId: number): PlainTransaction | undefined {
  const first = raw[0] as number | undefined;
  if (first === undefined) return undefined;
  const parts =
    first === FEE_MARKET_TYPE ? readFeeMarket(raw, chainId) : first >= EMPTY_LIST ? readLegacy(raw, chainId) : undefined;
  if (parts === undefined) return undefined;
  const { fields, digest, signature, recovery } = parts;
  try {
    secp256k1.ecdsaRecover(signature, recovery, digest, false, recovered);
  } catch {
    return undefined;
  }
  // 64 bytes lie in V8's heap, the 65 that are recovered would be allocated apart from it.
  const publicKey = recovered.slice(1);
  return { fields, publicKey, sender: toHex(keccak256(publicKey).subarray(12)) as Address };
}

interface Parts {
  readonly fields: TransactionFields;
  /** What was signed. */
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  readonly recovery: number;
}

function readFeeMarket(raw: Uint8Array, chainId: number): Parts | undefined {
  const cursor = new RlpCursor(raw, 1);
  if (!cursor.enterList()) return undefined;
  const unsignedFrom = cursor.at;
  const chain = cursor.natural(8);
  const nonce = cursor.natural(8);
  const tip = cursor.natural(16);
  const feeCap = cursor.natural(16);
  const gasLimit = cursor.natural(8);
  const to = cursor.bytes(20);
  const value = cursor.natural(32);
  const data = cursor.bytes();
  if (raw[cursor.at] !== EMPTY_LIST) return undefined;
  const unsignedTo = cursor.at + 1;
  cursor.at = unsignedTo;
  const parity = cursor.natural(1);
  const signature = readSignature(cursor);
  if (chain === undefined || nonce === undefined || tip === undefined || feeCap === undefined || gasLimit === undefined)
    return undefined;
  if (to === undefined || value === undefined || data === undefined || parity === undefined || signature === undefined)
    return undefined;
  if (!cursor.atEnd() || chain !== BigInt(chainId) || nonce === NONCE_MAX || tip > feeCap || parity > 1n) return undefined;
  const digest = keccak256(listOf(raw, { from: unsignedFrom, to: unsignedTo, type: FEE_MARKET_TYPE }));
  const fields = { type: 2, nonce, gasLimit, to: toHex(to) as Address, value, data, feeCap, tip, isPlain: true };
  return { fields, digest, signature, recovery: Number(parity) };
}

function readLegacy(raw: Uint8Array, chainId: number): Parts | undefined {
  const cursor = new RlpCursor(raw, 0);
  if (!cursor.enterList()) return undefined;
  const unsignedFrom = cursor.at;
  const nonce = cursor.natural(8);
  const price = cursor.natural(16);
  const gasLimit = cursor.natural(8);
  const to = cursor.bytes(20);
  const value = cursor.natural(32);
  const data = cursor.bytes();
  const unsignedTo = cursor.at;
  const v = cursor.natural(8);
  const signature = readSignature(cursor);
  if (nonce === undefined || price === undefined || gasLimit === undefined) return undefined;
  if (to === undefined || value === undefined || data === undefined || v === undefined || signature === undefined)
    return undefined;
  const recovery = Number(v) - (2 * chainId + 35);
  if (!cursor.atEnd() || nonce === NONCE_MAX || (recovery !== 0 && recovery !== 1)) return undefined;
  const digest = keccak256(listOf(raw, { from: unsignedFrom, to: unsignedTo, tail: eip155Tail(chainId) }));
  const fields = { type: 0, nonce, gasLimit, to: toHex(to) as Address, value, data, feeCap: price, tip: price, isPlain: true };
  return { fields, digest, signature, recovery };
}

/** r | s, 64 bytes; undefined when one of them cannot be part of a valid signature. */
function readSignature(cursor: RlpCursor): Uint8Array | undefined {
  const r = cursor.scalar();
  const s = cursor.scalar();
  if (r === undefined || s === undefined) return undefined;
  const signature = new Uint8Array(64);
  signature.set(r, 32 - r.length);
  signature.set(s, 64 - s.length);
  return isBelowHalfOrder(signature.subarray(32)) ? signature : undefined;
}

/** What EIP-155 appends before a legacy transaction is hashed for its signature: chain id, 0, 0. */
function eip155Tail(chainId: number): Uint8Array {
  const id: number[] = [];
  for (let left = chainId; left > 0; left = Math.floor(left / 256)) id.unshift(left % 256);
  const encoded = id.length === 1 && (id[0] as number) < 0x80 ? id : [0x80 + id.length, ...id];
  return Uint8Array.from([...encoded, 0x80, 0x80]);
}

/** The list of the items encoded in `raw` from `from` to `to`, followed by `tail`, after the type byte if there is one. */
function listOf(
  raw: Uint8Array,
  part: { readonly from: number; readonly to: number; readonly type?: number; readonly tail?: Uint8Array },
): Uint8Array {
  const tail = part.tail ?? NOTHING;
  const length = part.to - part.from + tail.length;
  const lengthBytes = length < 56 ? 0 : length < 256 ? 1 : length < 65_536 ? 2 : 3;
  const typeBytes = part.type === undefined ? 0 : 1;
  const list = new Uint8Array(typeBytes + 1 + lengthBytes + length);
  if (part.type !== undefined) list[0] = part.type;
  list[typeBytes] = lengthBytes === 0 ? 0xc0 + length : 0xf7 + lengthBytes;
  for (let at = 0; at < lengthBytes; at++) list[typeBytes + lengthBytes - at] = (length >> (8 * at)) & 255;
  const start = typeBytes + 1 + lengthBytes;
  list.set(raw.subarray(part.from, part.to), start);
  list.set(tail, start + part.to - part.from);
  return list;
}

const NOTHING = new Uint8Array(0);
