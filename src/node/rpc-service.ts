import type { Environment, NodeId } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import type { Rpc } from '../ledger/index.ts';
import { RPC_TIMEOUT_MICROS } from '../limits.ts';

/** JSON-RPC between nodes: a device has no ledger of its own and asks a full node. */
export const RPC_PROTOCOL = 'rpc/1';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Answers JSON-RPC calls of connected, admitted peers. */
export function serveRpc(environment: Environment, rpc: Rpc): void {
  environment.network.onRequest(RPC_PROTOCOL, async (_from, body) => {
    const answer = await rpc.handleText(decoder.decode(body));
    return encoder.encode(answer ?? '');
  });
}

/** A JSON-RPC error as a full node answered it. */
export interface RpcFailure {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** One JSON-RPC call: the transport that typed clients stand on. Rejects with an error that carries `code` and `data`. */
export type RpcCall = (method: string, params: readonly unknown[]) => Promise<unknown>;

/** Error of a remote JSON-RPC call, with the EIP-1474 code that the answer carried. */
export class RemoteRpcError extends Error {
  readonly code: number;
  readonly data: unknown;
  constructor(failure: RpcFailure) {
    super(failure.message);
    this.name = 'RemoteRpcError';
    this.code = failure.code;
    this.data = failure.data;
  }
}

/** One JSON-RPC call to a certain full node. */
export type NodeCall = (node: NodeId, method: string, params: readonly unknown[]) => Promise<unknown>;

/**
 * Calls over the network, to a connected node.
 * @throws RemoteRpcError with what the node answered; TreadleError NETWORK_* | NODE_NO_UPSTREAM when the answer cannot be read
 */
export function createNodeCall(environment: Environment): NodeCall {
  let nextId = 1;
  return async (node, method, params) => {
    const body = encoder.encode(JSON.stringify({ jsonrpc: '2.0', id: nextId++, method, params }));
    return readAnswer(node, await environment.network.request(node, RPC_PROTOCOL, body, { timeoutMicros: RPC_TIMEOUT_MICROS }));
  };
}

/**
 * Calls to the first full node that answers, in the order that `upstreams` gives at the time; a node that does not answer,
 * or whose answer is not believed, is passed over. An answer that is an error is final.
 *
 * @throws TreadleError NODE_NO_UPSTREAM when no full node answers
 */
export function createNetworkRpc(environment: Environment, upstreams: () => readonly NodeId[], call: NodeCall): RpcCall {
  return async (method, params) => {
    const connected = new Set(environment.network.peers());
    const candidates = upstreams().filter((node) => connected.has(node));
    let last: unknown;
    for (const node of candidates) {
      try {
        return await call(node, method, params);
      } catch (error) {
        if (!(error instanceof TreadleError)) throw error;
        const level = error.code.startsWith('NETWORK_') ? 'debug' : 'warn';
        environment.log[level]('upstream.passed-over', { peer: node, method, code: error.code, reason: error.detail });
        last = error;
      }
    }
    throw new TreadleError('NODE_NO_UPSTREAM', {
      detail: `none of ${candidates.length} connected full nodes answered ${method}`,
      ...(last !== undefined && { cause: last }),
    });
  };
}

/** Calls into the node's own JSON-RPC, without a network in between. */
export function createLocalRpc(rpc: Rpc): RpcCall {
  return (method, params) => rpc.call(method, params);
}

function readAnswer(node: NodeId, answer: Uint8Array): unknown {
  let parsed: { readonly result?: unknown; readonly error?: RpcFailure } | undefined;
  try {
    parsed = JSON.parse(decoder.decode(answer));
  } catch {
    // What is no JSON says as little as no answer.
  }
  if (typeof parsed !== 'object' || parsed === null) {
    throw new TreadleError('NODE_NO_UPSTREAM', { detail: `what ${node} answered is no JSON-RPC`, data: { node } });
  }
  if (parsed.error !== undefined) throw new RemoteRpcError(parsed.error);
  return parsed.result;
}
