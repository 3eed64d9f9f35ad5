import { getCalldataFloorGas, type TypedTransaction } from '@ethereumjs/tx';
import { type Address, toAddress } from '../../crypto/index.ts';

/** What pool and executor ask of a transaction again and again, whatever its type. */
export interface TransactionFields {
  readonly type: number;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  /** Absent when it creates a contract. */
  readonly to: Address | undefined;
  readonly value: bigint;
  readonly data: Uint8Array;
  /** The most that it offers per gas, and what of it goes to the proposer at most. */
  readonly feeCap: bigint;
  readonly tip: bigint;
  /** Of type 0 or 2, to an address, without an access list: its gas follows from its data alone. */
  readonly isPlain: boolean;
}

const TRANSACTION_GAS = 21_000;
const TOKEN_GAS = 4;
const FLOOR_TOKEN_GAS = 10;
/** A byte other than zero counts as so many tokens (EIP-7623); zero is one. */
const TOKENS_PER_BYTE = 4;

/** The same from the library's object. */
export function fieldsOf(transaction: TypedTransaction): TransactionFields {
  const { type, nonce, gasLimit, to, value, data } = transaction;
  const fees =
    'maxFeePerGas' in transaction
      ? { feeCap: transaction.maxFeePerGas, tip: transaction.maxPriorityFeePerGas }
      : { feeCap: transaction.gasPrice, tip: transaction.gasPrice };
  const isPlain =
    to !== undefined && (type === 0 || (type === 2 && 'accessList' in transaction && transaction.accessList.length === 0));
  return { type, nonce, gasLimit, to: to && toAddress(to.toString()), value, data, ...fees, isPlain };
}

/** Gas that a transaction costs before it runs, and the least that it costs in all (EIP-7623). */
export interface UpfrontGas {
  readonly intrinsic: number;
  readonly floor: number;
}

/** For a plain transaction: what the library computes for it (a test compares). */
export function plainUpfrontGas(data: Uint8Array): UpfrontGas {
  let zeros = 0;
  for (let at = 0; at < data.length; at++) if (data[at] === 0) zeros++;
  const tokens = zeros + TOKENS_PER_BYTE * (data.length - zeros);
  return { intrinsic: TRANSACTION_GAS + TOKEN_GAS * tokens, floor: TRANSACTION_GAS + FLOOR_TOKEN_GAS * tokens };
}

/** The least gas limit that the transaction may have. */
export function minimumGasOf(signed: { readonly fields: TransactionFields; readonly transaction: TypedTransaction }): bigint {
  if (signed.fields.isPlain) {
    const { intrinsic, floor } = plainUpfrontGas(signed.fields.data);
    return BigInt(Math.max(intrinsic, floor));
  }
  const intrinsic = signed.transaction.getIntrinsicGas();
  const floor = getCalldataFloorGas(signed.transaction);
  return intrinsic > floor ? intrinsic : floor;
}
