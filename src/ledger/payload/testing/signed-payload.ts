import { type Address, fromHex, keccak256, type NodeKey } from '../../../crypto/index.ts';
import { CHAIN_ID } from '../../testing/fixtures.ts';
import { encodePayloadTransaction, payloadGas, payloadMessageToSign } from '../payload-transaction.ts';
import { commitPayload } from '../payload-tree.ts';

export interface PayloadContent {
  readonly nonce: number;
  readonly body: Uint8Array;
  readonly mediaType?: string;
  readonly to?: Address;
  readonly data?: Uint8Array;
  readonly gas?: bigint;
}

/** A signed payload transaction of the test chain, encoded. Its fees are 0. */
export function signedPayload(key: NodeKey, content: PayloadContent): Uint8Array {
  const { nonce, body, mediaType = 'application/octet-stream', to, data } = content;
  const fields = {
    ...{ chainId: CHAIN_ID, nonce: BigInt(nonce), maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, value: 0n },
    gasLimit: content.gas ?? payloadGas(body.length) + 1_000_000n,
    to: to === undefined ? new Uint8Array(0) : fromHex(to),
    data: data ?? new Uint8Array(0),
    payload: commitPayload(body, mediaType),
  };
  return encodePayloadTransaction(fields, key.sign(keccak256(payloadMessageToSign(fields))));
}
