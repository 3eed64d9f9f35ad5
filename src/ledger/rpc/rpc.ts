import type { Environment } from '../../environment/index.ts';
import { RPC_BATCH_CALLS_MAX, RPC_RESPONSE_BYTES_MAX } from '../../limits.ts';
import { nearestName } from '../../suggestion.ts';
import type { LedgerView } from '../ledger.ts';
import type { MemoryBudget } from '../payload/payload.ts';
import { type BatchAnswer, takeBatch } from './batch.ts';
import { createFilters } from './filters.ts';
import { toJson } from './json.ts';
import type { CallContext, RpcConnection } from './method.ts';
import { methodTable } from './method-table.ts';
import { createReceiptWaiters } from './receipt-waiters.ts';
import { describe, type RpcError, rpcError } from './rpc-error.ts';
import { createSubscriptions } from './subscriptions.ts';
import { retryAfterOf, toRpcError } from './to-rpc-error.ts';
import type { TreadlePort } from './treadle-port.ts';

export interface RpcOptions {
  readonly ledger: LedgerView;
  readonly environment: Environment;
  readonly treadle: TreadlePort;
  /** Name, version and platform, e.g. `treadle/v0.1.0/node-v24`. */
  readonly clientVersion: string;
}

/** The answer to one HTTP body or WebSocket message. */
export interface RpcAnswer {
  /** Absent when there were notifications only. */
  readonly text?: string;
  /** Set when every call in it failed because the node is busy: HTTP tells it with status 429. */
  readonly retryAfterMs?: number;
}

export interface Rpc {
  /** Answers a request or a batch. Never rejects: what is wrong with the text is in the answer. */
  answer(text: string, connection?: RpcConnection): Promise<RpcAnswer>;
  /** The text of {@link Rpc.answer}. */
  handleText(text: string, connection?: RpcConnection): Promise<string | undefined>;
  /** Takes an encoded batch of transactions. Never rejects. */
  batch(bytes: Uint8Array, options?: { readonly memoryTaken?: boolean }): Promise<BatchAnswer>;
  /** A body that this node holds, by its root. */
  payload: LedgerView['payload'];
  /** What requests of others are taken from. */
  readonly memory: MemoryBudget;
  /** One call, for clients in this process; results are plain JSON values. @throws RpcError */
  call(
    method: string,
    params: readonly unknown[] | Readonly<Record<string, unknown>>,
    connection?: RpcConnection,
  ): Promise<unknown>;
  /** Names and one-line summaries of all methods. */
  readonly methods: ReadonlyMap<string, { readonly summary: string; readonly parameters: readonly string[] }>;
}

/** JSON-RPC 2.0 over a ledger: Ethereum's methods, and `treadle_` for what is ours. */
export function createRpc(options: RpcOptions): Rpc {
  const { ledger, environment, treadle, clientVersion } = options;
  const table = new Map(
    Object.entries(
      methodTable({
        ledger,
        environment,
        treadle,
        clientVersion,
        filters: createFilters(ledger, environment),
        subscriptions: createSubscriptions(ledger, environment, treadle),
        waiters: createReceiptWaiters(ledger, environment),
      }),
    ),
  );
  const names = [...table.keys()];

  /** Runs one call and translates whatever it throws. */
  async function invoke(name: string, params: unknown, context: CallContext): Promise<unknown> {
    const startMicros = environment.clock.now();
    environment.metrics.count('rpc_calls_total');
    try {
      const method = table.get(name);
      if (method === undefined) throw unknownMethod(name, names);
      return await method.invoke(params, context);
    } catch (error) {
      const translated = toRpcError(error);
      environment.metrics.count('rpc_errors_total');
      if (translated.reason === 'RPC_INTERNAL')
        environment.log.error('rpc call failed', { method: name, error: causeText(translated) });
      throw translated;
    } finally {
      environment.metrics.observe('rpc_call_ms', (environment.clock.now() - startMicros) / 1000);
    }
  }

  /** Runs `work` with a context whose deferred actions run once `work` is done. */
  async function withContext<T>(connection: RpcConnection | undefined, work: (context: CallContext) => Promise<T>): Promise<T> {
    const deferred: (() => void)[] = [];
    const context = {
      afterAnswer: (action: () => void) => void deferred.push(action),
      ...(connection !== undefined && { connection }),
    };
    try {
      return await work(context);
    } finally {
      for (const action of deferred) action();
    }
  }

  async function answerOne(item: unknown, context: CallContext): Promise<Outcome | undefined> {
    const request = readRequest(item);
    if ('error' in request) return failure(request.id, request.error);
    try {
      const result = await invoke(request.method, request.params, context);
      return request.id === undefined ? undefined : success(request.id, result);
    } catch (error) {
      return request.id === undefined ? undefined : failure(request.id, toRpcError(error));
    }
  }

  async function answerBatch(items: readonly unknown[], context: CallContext): Promise<RpcAnswer> {
    if (items.length === 0) return single(failure(null, rpcError('RPC_INVALID_REQUEST', { detail: 'the batch is empty' })));
    if (items.length > RPC_BATCH_CALLS_MAX) {
      return single(
        failure(
          null,
          rpcError('RPC_LIMIT', { detail: `the batch holds ${items.length} calls; at most ${RPC_BATCH_CALLS_MAX} are allowed` }),
        ),
      );
    }
    const outcomes: Outcome[] = [];
    let sizeBytes = 0;
    // One after the other: a client that batches transactions expects them to be pooled in its order. Those that stand
    // together are handed over in that order at once, so that they share the flush of the pool's log.
    for (let from = 0; from < items.length; ) {
      let to = from + 1;
      if (isSending(items[from])) while (to < items.length && isSending(items[to])) to++;
      const together = items.slice(from, to);
      from = to;
      const answers =
        sizeBytes > RPC_RESPONSE_BYTES_MAX
          ? together.map(tooMuch)
          : await Promise.all(together.map((item) => answerOne(item, context)));
      for (const outcome of answers) {
        if (outcome === undefined) continue;
        sizeBytes += outcome.text.length;
        outcomes.push(outcome);
      }
    }
    if (outcomes.length === 0) return {};
    const busy = outcomes.every((outcome) => outcome.retryAfterMs !== undefined);
    return {
      text: `[${outcomes.map((outcome) => outcome.text).join(',')}]`,
      ...(busy && { retryAfterMs: Math.max(...outcomes.map((outcome) => outcome.retryAfterMs ?? 0)) }),
    };
  }

  async function answer(text: string, connection?: RpcConnection): Promise<RpcAnswer> {
    const parsed = parseJson(text);
    if (parsed === undefined) return single(failure(null, rpcError('RPC_PARSE')));
    return withContext(connection, async (context) =>
      Array.isArray(parsed.value) ? answerBatch(parsed.value, context) : single(await answerOne(parsed.value, context)),
    );
  }

  return {
    answer,
    batch: (bytes, batchOptions = {}) => takeBatch(ledger, bytes, batchOptions.memoryTaken === true),
    payload: (root) => ledger.payload(root),
    memory: ledger.memory,
    handleText: async (text, connection) => (await answer(text, connection)).text,
    call: (method, params, connection) => withContext(connection, (context) => invoke(method, params, context)),
    methods: new Map(
      [...table].map(([name, { summary, parameters }]) => [
        name,
        { summary, parameters: parameters.map((parameter) => parameter.name) },
      ]),
    ),
  };
}

type RequestId = string | number | null;

/** One response, as text, and whether it only says "later". */
interface Outcome {
  readonly text: string;
  readonly retryAfterMs?: number;
}

function single(outcome: Outcome | undefined): RpcAnswer {
  return outcome ?? {};
}

function success(id: RequestId, result: unknown): Outcome {
  const text = `{"jsonrpc":"2.0","id":${toJson(id)},"result":${toJson(result)}}`;
  if (text.length <= RPC_RESPONSE_BYTES_MAX) return { text };
  return failure(
    id,
    rpcError('RPC_LIMIT', { detail: `the answer has ${text.length} bytes; at most ${RPC_RESPONSE_BYTES_MAX} are allowed` }),
  );
}

function failure(id: RequestId, error: RpcError): Outcome {
  const retryAfterMs = retryAfterOf(error);
  return {
    text: `{"jsonrpc":"2.0","id":${toJson(id)},"error":${toJson(error.toObject())}}`,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

/** A call that hands over a transaction: its answer is short, and it waits for the disk. */
function isSending(item: unknown): boolean {
  return typeof item === 'object' && item !== null && 'method' in item && item.method === 'eth_sendRawTransaction';
}

/** A call of a batch whose answers have grown too large. */
function tooMuch(item: unknown): Outcome | undefined {
  const request = readRequest(item);
  if (request.id === undefined) return undefined;
  return failure(
    request.id,
    rpcError('RPC_LIMIT', { detail: `the answers of the batch exceed ${RPC_RESPONSE_BYTES_MAX} bytes` }),
  );
}

type Request =
  | { readonly id: RequestId | undefined; readonly method: string; readonly params: unknown }
  | { readonly id: RequestId; readonly error: RpcError };

/** Holds a request to JSON-RPC 2.0; a valid id is kept even when the rest is wrong. */
function readRequest(item: unknown): Request {
  const invalid = (detail: string, id: RequestId = null): Request => ({ id, error: rpcError('RPC_INVALID_REQUEST', { detail }) });
  if (typeof item !== 'object' || item === null || Array.isArray(item))
    return invalid(`a request is an object, got ${describe(item)}`);
  const { id, jsonrpc, method, params } = item as Readonly<Record<string, unknown>>;
  if (id !== undefined && id !== null && typeof id !== 'string' && typeof id !== 'number') {
    return invalid(`id must be a string, a number or null, got ${describe(id)}`);
  }
  if (jsonrpc !== '2.0') return invalid(`jsonrpc must be "2.0", got ${describe(jsonrpc)}`, id ?? null);
  if (typeof method !== 'string') return invalid(`method must be a string, got ${describe(method)}`, id ?? null);
  return { id, method, params };
}

function unknownMethod(name: string, names: readonly string[]): RpcError {
  const near = nearestName(name, names);
  const shown = name.slice(0, 80);
  // The first words are those that ethers and Hardhat recognise a missing method by.
  const hint = near === undefined ? '' : `: did you mean ${near}?`;
  return rpcError('RPC_UNKNOWN_METHOD', {
    detail: `the method ${shown} does not exist/is not available${hint}`,
    data: { method: shown, ...(near !== undefined && { suggestion: near }) },
  });
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function causeText(error: RpcError): string {
  return error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : String(error.cause ?? error.message);
}
