import type { Hex } from '../../crypto/index.ts';
import type { HttpApp, HttpRequest, HttpResponse, SocketHandler, TextSink } from '../../environment/index.ts';
import { BATCH_BYTES_MAX, RPC_BODY_BYTES_MAX } from '../../limits.ts';
import { type BatchAnswer, busyAnswer } from './batch.ts';
import { toJson } from './json.ts';
import type { Rpc } from './rpc.ts';
import { type RpcError, rpcError } from './rpc-error.ts';
import { openRpcSocket } from './rpc-socket.ts';

/** Browsers ask before they let a page of another origin call: every page may, since the node holds no accounts. */
const cors = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers': 'content-type, authorization',
  'access-control-max-age': '86400',
} as const;

const introduction = `This is the JSON-RPC endpoint of a Treadle node, a consortium ledger that speaks Ethereum.
Send JSON-RPC 2.0 requests here by POST, or open a WebSocket on / or /ws (with eth_subscribe).
The methods are listed in docs/reference/json-rpc.md; rpc_modules names their groups.
`;

/**
 * The endpoint: POST / and /rpc answer JSON-RPC, GET / says what this is, / and /ws take WebSockets; POST /batch takes
 * transactions without hex, GET /payload/<root> gives a body.
 */
export function createRpcHttpApp(rpc: Rpc): HttpApp {
  return {
    async handle(request: HttpRequest): Promise<HttpResponse> {
      if (request.method === 'OPTIONS') return { status: 204, headers: cors };
      if (request.path === '/batch') return postBatch(rpc, request);
      if (request.path.startsWith('/payload/')) return getPayload(rpc, request);
      const known = request.path === '/' || request.path === '/rpc';
      if (!known)
        return problem(
          404,
          rpcError('RPC_INVALID_REQUEST', { detail: `nothing is served at ${request.path.slice(0, 80)}; JSON-RPC is at /` }),
        );
      if (request.method === 'POST') return post(rpc, request.body);
      if (request.method === 'GET' || request.method === 'HEAD') {
        return { status: 200, headers: { ...cors, 'content-type': 'text/plain; charset=utf-8' }, body: introduction };
      }
      return wrongMethod(request.method, 'GET, POST, OPTIONS');
    },
    bodyLimits: { '/batch': BATCH_BYTES_MAX },
    admit(path: string, lengthBytes: number): (() => void) | HttpResponse {
      if (path !== '/batch') return () => undefined;
      return rpc.memory.take(lengthBytes) ?? batchResponse(busyAnswer());
    },
    socket(path: string, sink: TextSink): SocketHandler | undefined {
      return path === '/' || path === '/ws' ? openRpcSocket(rpc, sink) : undefined;
    },
  };
}

/** A batch of transactions, without hex and JSON: what load and large bodies come by. */
async function postBatch(rpc: Rpc, request: HttpRequest): Promise<HttpResponse> {
  if (request.method !== 'POST') return wrongMethod(request.method, 'POST, OPTIONS');
  if (request.body.length > BATCH_BYTES_MAX) {
    const detail = `the body has ${request.body.length} bytes; at most ${BATCH_BYTES_MAX} are taken`;
    return problem(413, rpcError('RPC_INVALID_REQUEST', { detail }));
  }
  return batchResponse(await rpc.batch(request.body, { memoryTaken: request.memoryTaken === true }));
}

function batchResponse({ status, text, retryAfterMs }: BatchAnswer): HttpResponse {
  const response = json(status, text);
  if (retryAfterMs === undefined) return response;
  return { ...response, headers: { ...response.headers, 'retry-after': String(Math.ceil(retryAfterMs / 1000)) } };
}

/** A body by its root: it never changes, so whoever has it need not ask again. */
async function getPayload(rpc: Rpc, request: HttpRequest): Promise<HttpResponse> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return wrongMethod(request.method, 'GET, HEAD, OPTIONS');
  const root = request.path.slice('/payload/'.length).toLowerCase();
  if (!/^0x[0-9a-f]{64}$/.test(root)) {
    return problem(400, rpcError('RPC_INVALID_REQUEST', { detail: 'the root of a body is "0x" and 64 hex digits' }));
  }
  const tag = `"${root}"`;
  const caching = { etag: tag, 'cache-control': 'public, max-age=31536000, immutable' };
  const held = await rpc.payload(root as Hex);
  if (held === undefined) return problem(404, rpcError('RPC_NOT_FOUND', { detail: `this node does not hold the body ${root}` }));
  if (request.headers['if-none-match'] === tag) return { status: 304, headers: { ...cors, ...caching } };
  // The sender of a body chose its type: a browser must not run it as a page of this node.
  const fence = { 'x-content-type-options': 'nosniff', 'content-security-policy': "sandbox; default-src 'none'" };
  const headers = { ...cors, ...caching, ...fence, 'content-type': held.commitment.mediaType };
  return { status: 200, headers, body: held.body };
}

function wrongMethod(name: string, allow: string): HttpResponse {
  const refused = problem(
    405,
    rpcError('RPC_INVALID_REQUEST', { detail: `HTTP method ${name.slice(0, 20)} is not served here` }),
  );
  return { ...refused, headers: { ...refused.headers, allow } };
}

async function post(rpc: Rpc, body: Uint8Array): Promise<HttpResponse> {
  if (body.length > RPC_BODY_BYTES_MAX) {
    return problem(
      413,
      rpcError('RPC_INVALID_REQUEST', { detail: `the body has ${body.length} bytes; at most ${RPC_BODY_BYTES_MAX} are taken` }),
    );
  }
  const text = decodeUtf8(body);
  if (text === undefined) return problem(400, rpcError('RPC_PARSE', { detail: 'the body is not UTF-8' }));
  const { text: answer, retryAfterMs } = await rpc.answer(text);
  if (answer === undefined) return { status: 204, headers: cors };
  if (retryAfterMs === undefined) return json(200, answer);
  const busy = json(429, answer);
  return { ...busy, headers: { ...busy.headers, 'retry-after': String(Math.ceil(retryAfterMs / 1000)) } };
}

function json(status: number, body: string): HttpResponse & { readonly headers: Readonly<Record<string, string>> } {
  return { status, headers: { ...cors, 'content-type': 'application/json' }, body };
}

function problem(status: number, error: RpcError): ReturnType<typeof json> {
  return json(status, toJson({ jsonrpc: '2.0', id: null, error: error.toObject() }));
}

function decodeUtf8(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}
