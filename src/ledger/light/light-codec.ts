import { fromHex, toHex } from '../../crypto/index.ts';
import { certificateFields, certificateOf } from '../chain/block-codec.ts';
import { decodeHeader, type Header } from '../chain/header.ts';
import type { AccountProof, Certificate, HeaderRecord, ReceiptProof } from '../ledger.ts';
import { bigintOf, bytesOf, decode, encode, type Item, listOf, numberOf } from '../rlp-fields.ts';

/** A header with the certificate that makes it final: all that a light client follows. */
export interface CertifiedHeader {
  readonly header: Header;
  readonly certificate: Certificate;
}

export function encodeCertifiedHeader(certified: {
  readonly header: HeaderRecord;
  readonly certificate: Certificate;
}): Uint8Array {
  return encode([certified.header.rlp, certificateFields(certified.certificate)]);
}

/** @throws TreadleError LEDGER_MALFORMED | LEDGER_BAD_BLOCK */
export function decodeCertifiedHeader(bytes: Uint8Array): CertifiedHeader {
  const [header, certificate] = listOf(decode(bytes, 'certified header'), 'certified header', 2);
  return { header: decodeHeader(bytesOf(header, 'header')), certificate: certificateOf(certificate) };
}

export function encodeReceiptProof(proof: ReceiptProof): Uint8Array {
  const { header, certificate, index, proof: receipt, transactionProof } = proof;
  return encode([header.rlp, certificateFields(certificate), index, [...receipt], [...transactionProof]]);
}

/** @throws TreadleError LEDGER_MALFORMED | LEDGER_BAD_BLOCK */
export function decodeReceiptProof(bytes: Uint8Array): ReceiptProof {
  const [header, certificate, index, proof, transactionProof] = listOf(decode(bytes, 'receipt proof'), 'receipt proof', 5);
  return {
    header: decodeHeader(bytesOf(header, 'header')),
    certificate: certificateOf(certificate),
    index: numberOf(index, 'transaction index'),
    proof: nodesOf(proof),
    transactionProof: nodesOf(transactionProof),
  };
}

export function encodeAccountProof(proof: AccountProof): Uint8Array {
  const { balance, nonce, codeHash, storageRoot } = proof.account;
  return encode([
    [balance, nonce, fromHex(codeHash), fromHex(storageRoot)],
    [...proof.accountProof],
    proof.storageProof.map((entry) => [entry.slot, entry.value, [...entry.proof]]),
  ]);
}

/** @throws TreadleError LEDGER_MALFORMED */
export function decodeAccountProof(bytes: Uint8Array): AccountProof {
  const [account, accountProof, storage] = listOf(decode(bytes, 'account proof'), 'account proof', 3);
  const [balance, nonce, codeHash, storageRoot] = listOf(account, 'account', 4);
  return {
    account: {
      balance: bigintOf(balance, 'balance'),
      nonce: bigintOf(nonce, 'nonce'),
      codeHash: toHex(bytesOf(codeHash, 'code hash', 32)),
      storageRoot: toHex(bytesOf(storageRoot, 'storage root', 32)),
    },
    accountProof: nodesOf(accountProof),
    storageProof: listOf(storage, 'storage proofs').map((item) => {
      const [slot, value, proof] = listOf(item, 'storage proof', 3);
      return { slot: bytesOf(slot, 'slot', 32), value: bytesOf(value, 'slot value', 32), proof: nodesOf(proof) };
    }),
  };
}

function nodesOf(item: Item | undefined): readonly Uint8Array[] {
  return listOf(item, 'proof').map((node) => bytesOf(node, 'proof node'));
}
