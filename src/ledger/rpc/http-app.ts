import type { HttpApp, HttpRequest, HttpResponse, SocketHandler, TextSink } from '../../environment/index.ts';
import { RPC_BODY_BYTES_MAX } from '../../limits.ts';
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

/** The endpoint: POST / and /rpc answer JSON-RPC, GET / says what this is, / and /ws take WebSockets. */
export function createRpcHttpApp(rpc: Rpc): HttpApp {
  return {
    async handle(request: HttpRequest): Promise<HttpResponse> {
      if (request.method === 'OPTIONS') return { status: 204, headers: cors };
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
      const refused = problem(
        405,
        rpcError('RPC_INVALID_REQUEST', { detail: `HTTP method ${request.method.slice(0, 20)} is not served here` }),
      );
      return { ...refused, headers: { ...refused.headers, allow: 'GET, POST, OPTIONS' } };
    },
    socket(path: string, sink: TextSink): SocketHandler | undefined {
      return path === '/' || path === '/ws' ? openRpcSocket(rpc, sink) : undefined;
    },
  };
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
