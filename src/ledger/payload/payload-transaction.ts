import { FeeMarket1559Tx, type TypedTransaction } from '@ethereumjs/tx';
import { fromHex, toHex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { PAYLOAD_BYTES_MAX, PAYLOAD_GAS_PER_KIB } from '../../limits.ts';
import { chainRules } from '../execution/chain-rules.ts';
import { bigintOf, bytesOf, decode, type Encodable, encode, type Item, listOf, numberOf } from '../rlp-fields.ts';
import type { PayloadCommitment } from './payload.ts';
import { checkMediaType } from './payload-tree.ts';

/** The EIP-2718 type of a transaction whose body travels apart from it. */
export const PAYLOAD_TRANSACTION_TYPE = 0x50;

/** Everything that the sender of a payload transaction signs. */
export interface PayloadTransactionFields {
  readonly chainId: number;
  readonly nonce: bigint;
  readonly maxPriorityFeePerGas: bigint;
  readonly maxFeePerGas: bigint;
  readonly gasLimit: bigint;
  /** 20 bytes, or none for a contract creation. */
  readonly to: Uint8Array;
  readonly value: bigint;
  readonly data: Uint8Array;
  readonly payload: PayloadCommitment;
}

interface Signature {
  readonly yParity: bigint;
  readonly r: bigint;
  readonly s: bigint;
}

/** Gas for the body: per KiB, begun ones counted whole. */
export function payloadGas(lengthBytes: number): bigint {
  return BigInt(Math.ceil(lengthBytes / 1024)) * PAYLOAD_GAS_PER_KIB;
}

/**
 * A payload transaction as @ethereumjs runs it: it has the fees of EIP-1559 and no access list, its own type and encoding, and
 * pays for its body before it runs.
 */
export class PayloadTransaction extends FeeMarket1559Tx {
  override readonly type = PAYLOAD_TRANSACTION_TYPE as unknown as 2;
  readonly payload: PayloadCommitment;

  constructor(fields: PayloadTransactionFields, signature?: Signature) {
    const { chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit, to, value, data } = fields;
    super(
      {
        ...{ chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit, value, data },
        ...(to.length > 0 && { to }),
        ...(signature && { v: signature.yParity, r: signature.r, s: signature.s }),
      },
      // Frozen below, once the fields of this class are there.
      { common: chainRules(chainId), freeze: false },
    );
    this.payload = fields.payload;
    Object.freeze(this);
  }

  override getIntrinsicGas(): bigint {
    return super.getIntrinsicGas() + payloadGas(this.payload.lengthBytes);
  }

  override raw(): never {
    return this.fields() as never;
  }

  override serialize(): Uint8Array {
    return typed(encode(this.fields()));
  }

  override getMessageToSign(): Uint8Array {
    return typed(encode(this.fields().slice(0, UNSIGNED_FIELDS)));
  }

  override addSignature(v: bigint, r: Uint8Array | bigint, s: Uint8Array | bigint): PayloadTransaction {
    const number = (word: Uint8Array | bigint): bigint => (typeof word === 'bigint' ? word : BigInt(toHex(word)));
    return new PayloadTransaction(
      { ...this, chainId: Number(this.chainId), to: this.to?.bytes ?? new Uint8Array(0) },
      { yParity: v, r: number(r), s: number(s) },
    );
  }

  private fields(): Encodable[] {
    return [
      ...[this.chainId, this.nonce, this.maxPriorityFeePerGas, this.maxFeePerGas, this.gasLimit],
      ...[this.to?.bytes ?? new Uint8Array(0), this.value, this.data],
      ...commitmentFields(this.payload),
      ...[this.v ?? 0n, this.r ?? 0n, this.s ?? 0n],
    ];
  }
}

const UNSIGNED_FIELDS = 11;
const FIELDS = UNSIGNED_FIELDS + 3;

/** What a transaction says of its body; undefined for every transaction but a payload transaction. */
export function payloadOf(transaction: TypedTransaction): PayloadCommitment | undefined {
  return transaction instanceof PayloadTransaction ? transaction.payload : undefined;
}

/** The commitment's three fields as they stand in the transaction, and wherever else it travels. */
export function commitmentFields({ root, lengthBytes, mediaType }: PayloadCommitment): readonly [Uint8Array, number, Uint8Array] {
  return [fromHex(root), lengthBytes, new TextEncoder().encode(mediaType)];
}

/** @throws TreadleError LEDGER_MALFORMED | PAYLOAD_BAD_BODY | PAYLOAD_BAD_MEDIA_TYPE */
export function commitmentOf(root: Item | undefined, length: Item | undefined, type: Item | undefined): PayloadCommitment {
  const lengthBytes = numberOf(length, 'payload length');
  if (lengthBytes < 1 || lengthBytes > PAYLOAD_BYTES_MAX) {
    const detail = `a body of ${lengthBytes} bytes cannot be sent, 1 to ${PAYLOAD_BYTES_MAX} can`;
    throw new TreadleError('PAYLOAD_BAD_BODY', { detail, data: { lengthBytes, maximumBytes: PAYLOAD_BYTES_MAX } });
  }
  const mediaType = String.fromCharCode(...bytesOf(type, 'payload media type').subarray(0, 256));
  checkMediaType(mediaType);
  return { root: toHex(bytesOf(root, 'payload root', 32)), lengthBytes, mediaType };
}

/**
 * Decodes a signed payload transaction, its type byte included.
 * @throws TreadleError LEDGER_MALFORMED | PAYLOAD_BAD_BODY | PAYLOAD_BAD_MEDIA_TYPE; Error of @ethereumjs for what its transactions refuse
 */
export function decodePayloadTransaction(raw: Uint8Array, chainId: number): PayloadTransaction {
  const what = 'payload transaction';
  const items = listOf(decode(raw.subarray(1), what), what, FIELDS);
  const [chain, nonce, tip, cap, gas, to, value, data, root, length, mediaType, yParity, r, s] = items;
  if (numberOf(chain, 'chain id') !== chainId) throw new RangeError(`chain id ${numberOf(chain, 'chain id')} is another`);
  const recipient = bytesOf(to, 'recipient');
  if (recipient.length > 0) bytesOf(to, 'recipient', 20);
  return new PayloadTransaction(
    {
      chainId,
      nonce: bigintOf(nonce, 'nonce'),
      maxPriorityFeePerGas: bigintOf(tip, 'priority fee'),
      maxFeePerGas: bigintOf(cap, 'fee cap'),
      gasLimit: bigintOf(gas, 'gas limit'),
      to: recipient,
      value: bigintOf(value, 'value'),
      data: bytesOf(data, 'data'),
      payload: commitmentOf(root, length, mediaType),
    },
    { yParity: bigintOf(yParity, 'parity'), r: bigintOf(r, 'r'), s: bigintOf(s, 's') },
  );
}

/** The hash that a payload transaction's sender signs is the Keccak-256 of this. */
export function payloadMessageToSign(fields: PayloadTransactionFields): Uint8Array {
  return new PayloadTransaction(fields).getMessageToSign();
}

/** The encoded transaction, from what was signed and a recoverable signature (r, s, parity). */
export function encodePayloadTransaction(fields: PayloadTransactionFields, signature: Uint8Array): Uint8Array {
  const word = (from: number): bigint => BigInt(toHex(signature.subarray(from, from + 32)));
  const parts = { r: word(0), s: word(32), yParity: BigInt(signature[64] as number) };
  return new PayloadTransaction(fields, parts).serialize();
}

function typed(encoded: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(encoded.length + 1);
  bytes[0] = PAYLOAD_TRANSACTION_TYPE;
  bytes.set(encoded, 1);
  return bytes;
}
