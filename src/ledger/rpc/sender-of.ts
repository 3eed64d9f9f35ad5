import type { TypedTransaction } from '@ethereumjs/tx';
import { type Address, fromHex, recoverAddress, SIGNATURE_BYTES } from '../../crypto/index.ts';
import { invariant } from '../../errors.ts';

/** Who signed a transaction, by the house's fast, remembering recovery. The ledger holds signed transactions only. */
export function senderOf(transaction: TypedTransaction): Address {
  const { r, s } = transaction;
  invariant(r !== undefined && s !== undefined, 'a transaction in the ledger is signed');
  const signature = new Uint8Array(SIGNATURE_BYTES);
  signature.set(word(r), 0);
  signature.set(word(s), 32);
  signature[64] = yParityOf(transaction);
  const sender = recoverAddress(transaction.getMessageToVerifySignature(), signature);
  invariant(sender !== undefined, 'the signature of a transaction in the ledger recovers');
  return sender;
}

/** The recovery bit: `v` itself in typed transactions, folded into 27/28 or the chain id in legacy ones. */
export function yParityOf(transaction: TypedTransaction): 0 | 1 {
  const v = transaction.v ?? 0n;
  if (transaction.type !== 0) return v === 0n ? 0 : 1;
  return v % 2n === 1n ? 0 : 1;
}

function word(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, '0'));
}
