import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { readRpcFailure } from '../contracts/index.ts';
import { ask, RpcRefusal, rpcOverHttp } from './rpc-over-http.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Serves whatever a test wants an address to answer. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => listener(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answering = (status: number, body: string): Promise<string> =>
  serve((_request, response) => response.writeHead(status).end(body));
const failure = (rpc: Promise<unknown>): Promise<unknown> =>
  rpc.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('JSON-RPC over HTTP', () => {
  it('returns results, null among them, each to its request', async () => {
    let seen = 0;
    const url = await serve((_request, response) =>
      response.end(JSON.stringify({ jsonrpc: '2.0', id: ++seen, result: seen === 1 ? null : seen })),
    );
    const rpc = rpcOverHttp(url);
    expect([await rpc('a', []), await rpc('b', [])]).toEqual([null, 2]);
  });

  it('rejects with what the clients of the contracts sort failures by', async () => {
    const reverted = rpcOverHttp(
      await answering(200, '{"jsonrpc":"2.0","id":1,"error":{"code":3,"message":"reverted","data":"0x1234"}}'),
    );
    const first = await failure(reverted('eth_call', []));
    expect(first).toBeInstanceOf(RpcRefusal);
    expect(readRpcFailure(first)).toEqual({ kind: 'reverted', returnData: '0x1234' });
    const busy = rpcOverHttp(
      await answering(429, '{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"no room","data":{"reason":"POOL_FULL"}}}'),
    );
    expect(readRpcFailure(await failure(busy('eth_sendRawTransaction', []))).kind).toBe('busy');
    const gone = rpcOverHttp(await serve((request) => request.socket.destroy()));
    expect(readRpcFailure(await failure(gone('eth_call', []))).kind).toBe('unreachable');
  });

  it('tells a refusal in words', async () => {
    const url = await answering(
      200,
      '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"there is no method treadle_node."}}',
    );
    expect(await failure(ask(rpcOverHttp(url), 'treadle_node'))).toMatchObject({
      code: 'CLI_NODE_REFUSED',
      detail: 'the node refused treadle_node: there is no method treadle_node',
      data: { method: 'treadle_node', code: -32601 },
    });
  });

  it.each([
    ['a web page', '<!doctype html><title>Console</title>'],
    ['JSON of another kind', '{"status":"ok"}'],
    ['a number', '7'],
    ['the answer to another request', '{"jsonrpc":"2.0","id":99,"result":"0x1"}'],
  ])('does not take %s for an answer', async (_what, body) => {
    expect(await failure(rpcOverHttp(await answering(200, body))('eth_chainId', []))).toMatchObject({ code: 'CLI_NOT_JSON_RPC' });
  });

  it('wants an HTTP address', () => {
    for (const wrong of ['', 'localhost:8545', 'ws://127.0.0.1:8545', 'file:///etc/passwd']) {
      expect(() => rpcOverHttp(wrong)).toThrow(/expected an address such as/);
    }
  });
});
