import {
  type AccessListBytes,
  isAccessList2930Tx,
  isBlob4844Tx,
  isEOACode7702Tx,
  isFeeMarket1559Tx,
  isLegacyTx,
  type TypedTransaction,
} from '@ethereumjs/tx';
import { type Hex, toHex } from '../../crypto/index.ts';
import type { PayloadCommitment } from '../payload/payload.ts';
import { type PayloadTransaction, payloadOf } from '../payload/payload-transaction.ts';
import { quantity, quantityOfBytes } from './quantity.ts';
import { senderOf, yParityOf } from './sender-of.ts';

/** Where a transaction stands; absent for one that is still pooled. */
export interface TransactionPlace {
  readonly blockHash: Hex;
  readonly blockNumber: number;
  readonly index: number;
  readonly baseFeeWei: bigint;
}

/** A transaction as `eth_getTransactionByHash` returns it; values are hex, hex lists or null. */
export type RpcTransaction = Readonly<Record<string, unknown>>;

/** The fields every type has, then those of its own type. */
export function formatTransaction(transaction: TypedTransaction, place: TransactionPlace | undefined): RpcTransaction {
  return {
    blockHash: place?.blockHash ?? null,
    blockNumber: place === undefined ? null : quantity(place.blockNumber),
    transactionIndex: place === undefined ? null : quantity(place.index),
    hash: toHex(transaction.hash()),
    type: quantity(transaction.type),
    from: senderOf(transaction),
    to: transaction.to?.toString() ?? null,
    nonce: quantity(transaction.nonce),
    gas: quantity(transaction.gasLimit),
    value: quantity(transaction.value),
    input: toHex(transaction.data),
    gasPrice: quantity(place === undefined ? feeCap(transaction) : effectiveGasPrice(transaction, place.baseFeeWei)),
    v: quantity(transaction.v ?? 0n),
    r: quantity(transaction.r ?? 0n),
    s: quantity(transaction.s ?? 0n),
    ...typeFields(transaction),
  };
}

/** What a unit of gas cost, in wei: the tip on top of the base fee, within the cap. */
export function effectiveGasPrice(transaction: TypedTransaction, baseFeeWei: bigint): bigint {
  if (isLegacyTx(transaction) || isAccessList2930Tx(transaction)) return transaction.gasPrice;
  const capped = baseFeeWei + transaction.maxPriorityFeePerGas;
  if (capped > transaction.maxFeePerGas) return transaction.maxFeePerGas;
  return capped;
}

function feeCap(transaction: TypedTransaction): bigint {
  if (isLegacyTx(transaction) || isAccessList2930Tx(transaction)) return transaction.gasPrice;
  return transaction.maxFeePerGas;
}

function typeFields(transaction: TypedTransaction): Record<string, unknown> {
  if (isLegacyTx(transaction)) {
    const v = transaction.v ?? 0n;
    return v >= 35n ? { chainId: quantity((v - 35n) / 2n) } : {};
  }
  const payload = payloadOf(transaction);
  if (payload !== undefined) return payloadFields(transaction, payload);
  const fields: Record<string, unknown> = {
    chainId: quantity(transaction.chainId),
    yParity: quantity(yParityOf(transaction)),
    accessList: formatAccessList(transaction.accessList),
  };
  if (isAccessList2930Tx(transaction)) return fields;
  fields['maxFeePerGas'] = quantity(transaction.maxFeePerGas);
  fields['maxPriorityFeePerGas'] = quantity(transaction.maxPriorityFeePerGas);
  if (isFeeMarket1559Tx(transaction)) return fields;
  if (isBlob4844Tx(transaction)) {
    fields['maxFeePerBlobGas'] = quantity(transaction.maxFeePerBlobGas);
    fields['blobVersionedHashes'] = transaction.blobVersionedHashes;
  }
  if (isEOACode7702Tx(transaction)) {
    fields['authorizationList'] = transaction.authorizationList.map(([chainId, address, nonce, yParity, r, s]) => ({
      chainId: quantityOfBytes(chainId),
      address: toHex(address),
      nonce: quantityOfBytes(nonce),
      yParity: quantityOfBytes(yParity),
      r: quantityOfBytes(r),
      s: quantityOfBytes(s),
    }));
  }
  return fields;
}

/** Those of a transaction with fees as in EIP-1559, and what it says of its body. The access list is for tools that expect one. */
function payloadFields(transaction: TypedTransaction, payload: PayloadCommitment): Readonly<Record<string, unknown>> {
  const { chainId, maxFeePerGas, maxPriorityFeePerGas } = transaction as PayloadTransaction;
  return {
    chainId: quantity(chainId),
    yParity: quantity(yParityOf(transaction)),
    accessList: [],
    maxFeePerGas: quantity(maxFeePerGas),
    maxPriorityFeePerGas: quantity(maxPriorityFeePerGas),
    payloadRoot: payload.root,
    payloadLength: quantity(payload.lengthBytes),
    payloadMediaType: payload.mediaType,
  };
}

function formatAccessList(list: AccessListBytes): unknown {
  return list.map(([address, slots]) => ({ address: toHex(address), storageKeys: slots.map(toHex) }));
}
