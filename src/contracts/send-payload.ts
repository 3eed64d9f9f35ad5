import type { Address, Hex } from '../crypto/index.ts';
import type { LedgerClient } from './ledger-client.ts';
import type { TransactionReceipt } from './rpc-shapes.ts';

export interface SendPayloadRequest {
  /** Account or contract that the transaction goes to. */
  readonly to: Address;
  readonly body: Uint8Array;
  /** Default `application/octet-stream`. */
  readonly mediaType?: string;
  /** Call data for the contract, which sees root, length and media type of the body. */
  readonly data?: Hex;
  readonly value?: bigint;
  /** Gas limit; default: what the body costs and TRANSACT_GAS_DEFAULT. */
  readonly gas?: bigint;
}

/**
 * Signs a payload transaction, sends it with its body and waits until it is in a block: then more than two thirds of the sealers
 * hold the body.
 * @throws TreadleError PAYLOAD_BAD_BODY | PAYLOAD_BAD_MEDIA_TYPE and whatever `LedgerClient.transact` throws
 */
export function sendPayload(client: LedgerClient, request: SendPayloadRequest): Promise<TransactionReceipt> {
  const { to, body, mediaType = 'application/octet-stream', data, value, gas } = request;
  return client.transact({
    to,
    payload: { body, mediaType },
    ...(data !== undefined && { data }),
    ...(value !== undefined && { value }),
    ...(gas !== undefined && { gas }),
  });
}
