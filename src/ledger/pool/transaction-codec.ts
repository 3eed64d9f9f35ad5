import { Capability, createTxFromRLP, TransactionType, type TypedTransaction } from '@ethereumjs/tx';
import { BoundedMap } from '../../bounded-map.ts';
import { type Address, equalBytes, type Hex, keccak256, toAddress, toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { TRANSACTION_BYTES_MAX, TRANSACTION_PIECE_BYTES, TRANSACTIONS_DECODED_MAX } from '../../limits.ts';
import { rememberByIdentity } from '../../remember.ts';
import { BytePacker } from '../byte-packer.ts';
import { chainRules } from '../execution/chain-rules.ts';
import type { PayloadCommitment } from '../payload/payload.ts';
import { decodePayloadTransaction, PAYLOAD_TRANSACTION_TYPE, payloadOf } from '../payload/payload-transaction.ts';
import { DecodedTransaction } from './decoded-transaction.ts';
import { decodePlainTransaction } from './plain-transaction.ts';
import { fieldsOf, type TransactionFields } from './transaction-fields.ts';

/** A signed transaction with what is asked of it again and again. */
export interface SignedTransaction {
  readonly transaction: TypedTransaction;
  /** What the pool and the executor ask, without the library's object, which may not have been made yet. */
  readonly fields: TransactionFields;
  readonly raw: Uint8Array;
  readonly hash: Hex;
  readonly sender: Address;
  /** The body that it carries apart from its bytes, for a payload transaction. */
  readonly payload?: PayloadCommitment;
}

// Decoding and recovery are pure, and every node that a process seats sees the same transactions: remembered by hash, per chain.
const decodedOfChain = new Map<number, BoundedMap<Hex, SignedTransaction>>();
// Those of one moment wait together and go together.
const packer = new BytePacker(TRANSACTION_PIECE_BYTES);

/**
 * Decodes a transaction, holds it to this chain's form and recovers its sender, once per process.
 * @throws TreadleError POOL_TOO_LARGE | POOL_TYPE_REFUSED | POOL_WRONG_CHAIN | POOL_INVALID
 */
export function decodeTransaction(raw: Uint8Array, chainId: number): SignedTransaction {
  if (raw.length > TRANSACTION_BYTES_MAX) {
    const data = { sizeBytes: raw.length, maximumBytes: TRANSACTION_BYTES_MAX };
    throw new TreadleError('POOL_TOO_LARGE', {
      detail: `the transaction has ${raw.length} bytes, at most ${TRANSACTION_BYTES_MAX} are taken`,
      data,
    });
  }
  const decoded = decodedOfChain.get(chainId) ?? new BoundedMap<Hex, SignedTransaction>(TRANSACTIONS_DECODED_MAX);
  decodedOfChain.set(chainId, decoded);
  const hash = transactionHashOf(raw);
  const known = decoded.get(hash);
  if (known !== undefined) return known;
  const signed = decodeAnew(raw, hash, chainId);
  decoded.set(hash, signed);
  return signed;
}

/** The hash of an encoded transaction. */
export const transactionHashOf = rememberByIdentity((raw: Uint8Array): Hex => toHex(keccak256(raw)));

function decodeAnew(raw: Uint8Array, hash: Hex, chainId: number): SignedTransaction {
  if (raw[0] === TransactionType.BlobEIP4844) {
    throw new TreadleError('POOL_TYPE_REFUSED', { detail: 'blob transactions (type 3) are not taken', data: { type: raw[0] } });
  }
  // The bytes live on in the pool and on disk: a copy keeps the large frame that they came in from living on too.
  const own = packer.take(raw.length);
  own.set(raw);
  const plain = decodePlainTransaction(own, chainId);
  if (plain !== undefined) return new DecodedTransaction(plain, { raw: own, hash, chainId });
  let transaction: TypedTransaction;
  try {
    transaction =
      own[0] === PAYLOAD_TRANSACTION_TYPE
        ? decodePayloadTransaction(own, chainId)
        : (createTxFromRLP(own, { common: chainRules(chainId) }) as TypedTransaction);
  } catch (cause) {
    throw refusalOf(cause, chainId);
  }
  if (transaction.type === TransactionType.Legacy && !transaction.supports(Capability.EIP155ReplayProtection)) {
    throw wrongChain('the transaction names no chain (EIP-155)', chainId);
  }
  if (!equalBytes(transaction.serialize(), own))
    throw new TreadleError('POOL_INVALID', { detail: 'the transaction is not canonically encoded' });
  try {
    const sender = toAddress(transaction.getSenderAddress().toString());
    const payload = payloadOf(transaction);
    return { transaction, fields: fieldsOf(transaction), raw: own, hash, sender, ...(payload && { payload }) };
  } catch (cause) {
    throw new TreadleError('POOL_INVALID', { detail: 'the signature of the transaction is not valid', cause });
  }
}

function refusalOf(cause: unknown, chainId: number): TreadleError {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (/chain ?id/i.test(message)) return wrongChain('the transaction is signed for another chain', chainId, cause);
  return new TreadleError('POOL_INVALID', { detail: `the transaction cannot be decoded: ${message.slice(0, 200)}`, cause });
}

function wrongChain(detail: string, chainId: number, cause?: unknown): TreadleError {
  return new TreadleError('POOL_WRONG_CHAIN', {
    detail: `${detail}; this is chain ${chainId}`,
    data: { chainId },
    ...(cause !== undefined && { cause }),
  });
}
