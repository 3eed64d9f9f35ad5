import { fromHex, keccak256, type NodeKey, toHex } from '../crypto/index.ts';
import { commitPayload, encodePayloadTransaction, type PayloadCommitment, payloadMessageToSign } from '../ledger/index.ts';
import type { SignedTransaction, TransactionFields } from './sign-transaction.ts';

/** The body of a payload transaction. */
export interface PayloadBody {
  /** 1 byte to PAYLOAD_BYTES_MAX. It must not be changed afterwards. */
  readonly body: Uint8Array;
  /** E.g. `application/octet-stream`. */
  readonly mediaType: string;
}

/** A signed payload transaction with what it commits to. */
export interface SignedPayloadTransaction extends SignedTransaction {
  readonly body: Uint8Array;
  readonly payload: PayloadCommitment;
}

/**
 * Signs a payload transaction with fees of 0. The same fields, body and key give the same bytes, so it can be sent again without
 * harm.
 * @throws TreadleError PAYLOAD_BAD_BODY | PAYLOAD_BAD_MEDIA_TYPE
 */
export function signPayloadTransaction(
  fields: TransactionFields,
  { body, mediaType }: PayloadBody,
  key: NodeKey,
): SignedPayloadTransaction {
  const { chainId, nonce, gas, to, value, data } = fields;
  const payload = commitPayload(body, mediaType);
  const signed = {
    ...{ chainId, nonce, gasLimit: gas, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, value, payload },
    to: fromHex(to),
    data: fromHex(data),
  };
  const raw = encodePayloadTransaction(signed, key.sign(keccak256(payloadMessageToSign(signed))));
  return { raw: toHex(raw), hash: toHex(keccak256(raw)), body, payload };
}
