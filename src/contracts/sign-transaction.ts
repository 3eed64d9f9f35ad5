import { type Address, encodeRlp, fromHex, type Hex, keccak256, type NodeKey, toHex } from '../crypto/index.ts';

/** What a transaction of this house says; its fees are 0. */
export interface TransactionFields {
  readonly chainId: number;
  readonly nonce: bigint;
  readonly gas: bigint;
  readonly to: Address;
  readonly value: bigint;
  readonly data: Hex;
}

export interface SignedTransaction {
  readonly raw: Hex;
  readonly hash: Hex;
  /** Of a payload transaction: what travels apart from it. */
  readonly body?: Uint8Array;
}

const FEE_MARKET_TYPE = 2;

/**
 * Signs an EIP-1559 transaction with fees of 0. The same fields and key give the same bytes, so it can be sent again without
 * harm.
 */
export function signTransaction(fields: TransactionFields, key: NodeKey): SignedTransaction {
  return signed(fields, fromHex(fields.to), key);
}

/** The same for a transaction that creates a contract: `data` is its creation code. */
export function signCreation(fields: Omit<TransactionFields, 'to'>, key: NodeKey): SignedTransaction {
  return signed(fields, new Uint8Array(), key);
}

function signed(fields: Omit<TransactionFields, 'to'>, to: Uint8Array, key: NodeKey): SignedTransaction {
  const { chainId, nonce, gas, value, data } = fields;
  const payload = [BigInt(chainId), nonce, 0n, 0n, gas, to, value, fromHex(data), []];
  const signature = key.sign(keccak256(typed(encodeRlp(payload))));
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32, 64)].map(withoutLeadingZeros) as [Uint8Array, Uint8Array];
  const raw = typed(encodeRlp([...payload, BigInt(signature[64] as number), r, s]));
  return { raw: toHex(raw), hash: toHex(keccak256(raw)) };
}

function typed(encoded: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(encoded.length + 1);
  bytes[0] = FEE_MARKET_TYPE;
  bytes.set(encoded, 1);
  return bytes;
}

function withoutLeadingZeros(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start++;
  return bytes.subarray(start);
}
