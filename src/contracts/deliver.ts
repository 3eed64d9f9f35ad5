import { type Hex, toHex } from '../crypto/index.ts';
import type { Rpc } from './rpc-failure.ts';
import type { SignedTransaction } from './sign-transaction.ts';

/** Hands a signed payload transaction with its body to a node. Rejects as an {@link Rpc} does. */
export type PayloadSender = (raw: Hex, body: Uint8Array) => Promise<unknown>;

/** Hands a signed transaction to a node, with its body when it has one. */
export type Deliver = (signed: SignedTransaction) => Promise<unknown>;

/** Delivers over JSON-RPC; bodies go by `sendPayload` where there is a better way than hex. */
export function createDeliver(rpc: Rpc, sendPayload?: PayloadSender): Deliver {
  return ({ raw, body }) => {
    if (body === undefined) return rpc('eth_sendRawTransaction', [raw]);
    return sendPayload === undefined ? rpc('treadle_sendPayloadTransaction', [raw, toHex(body)]) : sendPayload(raw, body);
  };
}
