import { fromHex, type Hex, toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { BLOCK_TRANSACTIONS_MAX, SEALERS_MAX } from '../../limits.ts';
import { rememberByIdentity } from '../../remember.ts';
import type { BlockRecord, Certificate } from '../ledger.ts';
import { bytesOf, decode, type Encodable, encode, type Item, listOf, numberOf } from '../rlp-fields.ts';
import { decodeHeader, type Header } from './header.ts';

/** A block as it travels, its transactions still encoded. */
export interface RawBlock {
  readonly header: Header;
  readonly transactions: readonly Uint8Array[];
  readonly certificate: Certificate;
}

/** A proposal as it travels: a header and the hashes of its transactions. */
export interface DecodedProposal {
  readonly header: Header;
  readonly hashes: readonly Hex[];
}

export function certificateFields(certificate: Certificate): Encodable {
  return [certificate.height, certificate.round, fromHex(certificate.digest), [...certificate.signatures]];
}

/** @throws TreadleError LEDGER_MALFORMED */
export function certificateOf(item: Item | undefined): Certificate {
  const [height, round, digest, signatures] = listOf(item, 'certificate', 4);
  const list = listOf(signatures, 'certificate signatures');
  if (list.length > SEALERS_MAX) throw new TreadleError('LEDGER_MALFORMED', { detail: 'certificate has too many signatures' });
  return {
    height: numberOf(height, 'certificate height'),
    round: numberOf(round, 'certificate round'),
    digest: toHex(bytesOf(digest, 'certificate digest', 32)),
    signatures: list.map((signature) => bytesOf(signature, 'certificate signature', 65)),
  };
}

/** RLP of [header, [transaction...], certificate]. The block must have a certificate: genesis never travels. */
export function encodeBlock(block: BlockRecord): Uint8Array {
  if (block.certificate === undefined)
    throw new TreadleError('LEDGER_MALFORMED', { detail: 'genesis is not sent: it is built from genesis.json' });
  return encodeRawBlock(
    block.header.rlp,
    block.transactions.map((transaction) => transaction.serialize()),
    block.certificate,
  );
}

export function encodeRawBlock(headerRlp: Uint8Array, transactions: readonly Uint8Array[], certificate: Certificate): Uint8Array {
  return encode([headerRlp, [...transactions], certificateFields(certificate)]);
}

/** @throws TreadleError LEDGER_MALFORMED | LEDGER_BAD_BLOCK */
export const decodeBlock = rememberByIdentity((bytes: Uint8Array): RawBlock => {
  const [header, transactions, certificate] = listOf(decode(bytes, 'block'), 'block', 3);
  const list = boundedList(transactions, 'block transactions');
  return {
    header: decodeHeader(bytesOf(header, 'block header')),
    transactions: list.map((item) => bytesOf(item, 'block transaction')),
    certificate: certificateOf(certificate),
  };
});

/** RLP of [header, [transaction hash...]]. */
export function encodeProposal(headerRlp: Uint8Array, hashes: readonly Hex[]): Uint8Array {
  return encode([headerRlp, hashes.map(fromHex)]);
}

/** @throws TreadleError LEDGER_MALFORMED | LEDGER_BAD_BLOCK */
export const decodeProposal = rememberByIdentity((bytes: Uint8Array): DecodedProposal => {
  const [header, hashes] = listOf(decode(bytes, 'proposal'), 'proposal', 2);
  const list = boundedList(hashes, 'proposal hashes').map((item) => toHex(bytesOf(item, 'transaction hash', 32)));
  if (new Set(list).size !== list.length) throw new TreadleError('LEDGER_BAD_BLOCK', { detail: 'a transaction is named twice' });
  return { header: decodeHeader(bytesOf(header, 'proposal header')), hashes: list };
});

function boundedList(item: Item | undefined, what: string): readonly Item[] {
  const list = listOf(item, what);
  if (list.length > BLOCK_TRANSACTIONS_MAX)
    throw new TreadleError('LEDGER_BAD_BLOCK', { detail: `${list.length} transactions in one block` });
  return list;
}
