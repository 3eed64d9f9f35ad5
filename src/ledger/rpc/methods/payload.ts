import { toHex } from '../../../crypto/index.ts';
import { payloadOf } from '../../payload/payload-transaction.ts';
import { type Method, type MethodTable, method, required } from '../method.ts';
import { parseData, parseHash } from '../quantity.ts';
import { rpcError } from '../rpc-error.ts';
import type { RpcServices } from '../services.ts';

/** Transactions whose bodies travel apart from them. */
export function payloadMethods(services: RpcServices): MethodTable {
  return {
    treadle_sendPayloadTransaction: sendMethod(services),
    treadle_getPayload: getMethod(services),
  };
}

function sendMethod({ ledger }: RpcServices): Method {
  return method(
    'Checks, stores and pools a payload transaction with its body; returns its hash once both are on disk.',
    [required('transaction', parseData), required('body', parseData)],
    async ([raw, body]) => {
      const [result] = await ledger.submitMany([{ raw, body }]);
      if (typeof result === 'string') return result;
      throw result;
    },
  );
}

function getMethod({ ledger }: RpcServices): Method {
  return method(
    "A payload transaction's root, length, media type and body; null when the transaction is not known.",
    [required('transactionHash', parseHash)],
    async ([hash]) => {
      const found = await ledger.transaction(hash);
      if (found === undefined) return null;
      const payload = payloadOf(found.transaction);
      if (payload === undefined) throw rpcError('RPC_INVALID_INPUT', { detail: `${hash} is not a payload transaction` });
      const held = await ledger.payload(payload.root);
      if (held === undefined) {
        throw rpcError('RPC_NOT_FOUND', {
          detail: `this node does not hold the body ${payload.root}`,
          data: { root: payload.root },
        });
      }
      const { root, lengthBytes, mediaType } = payload;
      return { root, length: lengthBytes, mediaType, body: toHex(held.body) };
    },
  );
}
