import { toHex } from '../../../crypto/index.ts';
import type { CallRequest } from '../../ledger.ts';
import { type Method, type MethodTable, method, optional, required } from '../method.ts';
import { headerAt, parseBlockId } from '../parse-block-id.ts';
import { type ParsedCall, parseCallRequest, parseNoOverride } from '../parse-call-request.ts';
import { quantity } from '../quantity.ts';
import { rpcError } from '../rpc-error.ts';
import type { RpcServices } from '../services.ts';
import { executionError } from '../to-rpc-error.ts';

const call = required('transaction', parseCallRequest);
const block = optional('block', parseBlockId, 'latest' as const);
const stateOverride = optional('stateOverride', parseNoOverride, undefined);
const blockOverrides = optional('blockOverrides', parseNoOverride, undefined);

/** Code that runs without a transaction. */
export function callMethods(services: RpcServices): MethodTable {
  return {
    eth_call: callMethod(services),
    eth_estimateGas: estimateGasMethod(services),
    eth_createAccessList: createAccessListMethod(),
  };
}

function callMethod({ ledger }: RpcServices): Method {
  return method(
    'Runs a call on the state after a block, old ones included, and returns its result.',
    [call, block, stateOverride, blockOverrides],
    async ([parsed, id]) => {
      checkChain(parsed, ledger.chainId);
      const { number } = await headerAt(ledger, id);
      const result = await ledger.call(parsed.request, number);
      if (!result.success) throw executionError(result.error, toHex(result.returnData));
      return toHex(result.returnData);
    },
  );
}

function estimateGasMethod({ ledger }: RpcServices): Method {
  return method(
    'The smallest gas limit with which a transaction succeeds.',
    [call, block, stateOverride, blockOverrides],
    async ([parsed, id]) => {
      checkChain(parsed, ledger.chainId);
      const { number } = await headerAt(ledger, id);
      const gas = await ledger.estimateGas(withoutListGas(parsed), number);
      return quantity(gas + parsed.accessListGas);
    },
  );
}

function createAccessListMethod(): Method {
  return method('Not supported: gas is free here, so an access list saves nothing.', [call, block], () => {
    throw rpcError('RPC_UNSUPPORTED', {
      detail: 'this node does not make access lists; send the transaction without one, gas is free',
    });
  });
}

/** A limit that the caller gives covers the access list too, which the ledger does not see. */
function withoutListGas({ request, accessListGas }: ParsedCall): CallRequest {
  if (request.gas === undefined || accessListGas === 0n) return request;
  return { ...request, gas: request.gas > accessListGas ? request.gas - accessListGas : 0n };
}

function checkChain({ chainId }: ParsedCall, own: number): void {
  if (chainId === undefined || chainId === BigInt(own)) return;
  throw rpcError('RPC_INVALID_INPUT', { detail: `the call is for chain ${chainId}, this is chain ${own}` });
}
