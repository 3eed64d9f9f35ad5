import { fromHex, type Hex, toHex } from '../../crypto/index.ts';
import type { Certificate } from '../ledger.ts';
import { bytesOf, decode, encode, listOf, numberOf } from '../rlp-fields.ts';
import { certificateFields, certificateOf } from './block-codec.ts';
import { decodeHeader, type Header } from './header.ts';

/** A header with what made it final. */
export interface StoredHeader {
  readonly header: Header;
  /** Absent for genesis only. */
  readonly certificate?: Certificate;
  /** Transactions in all blocks up to this one; absent where it was not known when the header was stored. */
  readonly transactionCount?: number;
}

/** What the last durable batch says. */
export interface StoredHead {
  readonly number: number;
  readonly hash: Hex;
  readonly transactionCount: number;
}

/** Where what is kept begins. */
export interface StoredFloor {
  /** Bodies and receipts from this block on. */
  readonly block: number;
  /** The states after this block and those that follow. */
  readonly state: number;
}

/** Where a transaction stands. */
export interface Place {
  readonly number: number;
  readonly index: number;
}

export function encodeStoredHeader({ header, certificate, transactionCount }: StoredHeader): Uint8Array {
  return encode([
    header.rlp,
    certificate === undefined ? [] : certificateFields(certificate),
    ...(transactionCount === undefined ? [] : [transactionCount]),
  ]);
}

export function decodeStoredHeader(bytes: Uint8Array): StoredHeader {
  const [rlp, certificate, count] = listOf(decode(bytes, 'stored header'), 'stored header');
  const header = decodeHeader(bytesOf(rlp, 'stored header'));
  return {
    header,
    ...(header.number > 0 && { certificate: certificateOf(certificate) }),
    ...(count !== undefined && { transactionCount: numberOf(count, 'transaction count') }),
  };
}

export function encodeHead(head: StoredHead): Uint8Array {
  return encode([head.number, fromHex(head.hash), head.transactionCount]);
}

export function decodeHead(bytes: Uint8Array): StoredHead {
  const [number, hash, count] = listOf(decode(bytes, 'stored head'), 'stored head', 3);
  return {
    number: numberOf(number, 'head number'),
    hash: toHex(bytesOf(hash, 'head hash', 32)),
    transactionCount: numberOf(count, 'transaction count'),
  };
}

export function encodeFloor({ block, state }: StoredFloor): Uint8Array {
  return encode([block, state]);
}

export function decodeFloor(bytes: Uint8Array): StoredFloor {
  const [block, state] = listOf(decode(bytes, 'stored floor'), 'stored floor', 2);
  return { block: numberOf(block, 'first block'), state: numberOf(state, 'first state') };
}

export function encodeBody(raws: readonly Uint8Array[]): Uint8Array {
  return encode([...raws]);
}

export function decodeBody(bytes: Uint8Array): readonly Uint8Array[] {
  return listOf(decode(bytes, 'stored body'), 'stored body').map((item) => bytesOf(item, 'stored transaction'));
}

export function encodePlace({ number, index }: Place): Uint8Array {
  return encode([number, index]);
}

export function decodePlace(bytes: Uint8Array): Place {
  const [number, index] = listOf(decode(bytes, 'stored place'), 'stored place', 2);
  return { number: numberOf(number, 'block number'), index: numberOf(index, 'transaction index') };
}

export function encodeNumber(number: number): Uint8Array {
  return encode(number);
}

export function decodeNumber(bytes: Uint8Array): number {
  return numberOf(decode(bytes, 'stored number'), 'stored number');
}
