import { beforeEach, describe, expect, it } from 'vitest';
import { toHex } from '../../crypto/index.ts';
import type { HttpRequest, SocketHandler } from '../../environment/index.ts';
import { BUSY_RETRY_AFTER_MS, RPC_BODY_BYTES_MAX } from '../../limits.ts';
import { callData, signedBy, WORKBENCH } from '../testing/fixtures.ts';
import { createRpcHttpApp } from './http-app.ts';
import { openTestChain, owner, type TestChain } from './testing/test-chain.ts';

let chain: TestChain;
beforeEach(async () => {
  chain = await openTestChain();
});

const encoder = new TextEncoder();

function request(method: string, path: string, body: string | Uint8Array = ''): HttpRequest {
  return { method, path, query: {}, headers: {}, body: typeof body === 'string' ? encoder.encode(body) : body };
}

const call = (id: unknown, method: string, ...params: unknown[]): string =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params });

describe('over HTTP', () => {
  const handle = (...parts: Parameters<typeof request>) => createRpcHttpApp(chain.rpc).handle(request(...parts));

  it('answers JSON-RPC to pages of any origin', async () => {
    for (const path of ['/', '/rpc']) {
      const answer = await handle('POST', path, call(1, 'eth_blockNumber'));
      expect(answer).toMatchObject({
        status: 200,
        headers: { 'content-type': 'application/json', 'access-control-allow-origin': '*' },
      });
      expect(JSON.parse(String(answer.body))).toEqual({ jsonrpc: '2.0', id: 1, result: '0x0' });
    }
    expect(await handle('OPTIONS', '/')).toMatchObject({
      status: 204,
      headers: { 'access-control-allow-headers': expect.stringContaining('content-type') as string },
    });
  });

  it('says what it is', async () => {
    const answer = await handle('GET', '/');
    expect(answer.status).toBe(200);
    expect(String(answer.body)).toMatch(/JSON-RPC endpoint of a Treadle node/);
  });

  it.each([
    ['GET', '/other', '', 404],
    ['PUT', '/', '', 405],
    ['POST', '/', Uint8Array.of(0xff, 0xfe), 400],
    ['POST', '/', new Uint8Array(RPC_BODY_BYTES_MAX + 1), 413],
  ])('answers %s %s with an error body', async (method, path, body, status) => {
    const answer = await handle(method, path, body);
    expect(answer.status).toBe(status);
    expect(JSON.parse(String(answer.body))).toMatchObject({
      jsonrpc: '2.0',
      id: null,
      error: { code: expect.any(Number) as number },
    });
  });

  it('has no body for notifications', async () => {
    const answer = await handle('POST', '/', '{"jsonrpc":"2.0","method":"eth_chainId"}');
    expect(answer.status).toBe(204);
    expect(answer.body).toBeUndefined();
  });

  it('tells a client to come back when the pool is full', async () => {
    chain = await openTestChain({ poolLimits: { transactions: 1 } });
    const send = (nonce: number) => handle('POST', '/', call(1, 'eth_sendRawTransaction', toHex(signedBy(owner, { nonce }))));
    expect((await send(0)).status).toBe(200);
    const answer = await send(1);
    expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': String(BUSY_RETRY_AFTER_MS / 1000) } });
    expect(JSON.parse(String(answer.body))).toMatchObject({
      error: { code: -32005, data: { retryAfterMs: BUSY_RETRY_AFTER_MS } },
    });
  });
});

describe('over a WebSocket', () => {
  interface Message {
    readonly id?: unknown;
    readonly result?: unknown;
    readonly error?: { readonly code: number };
    readonly params?: { readonly subscription: string; readonly result: Record<string, unknown> };
  }

  /** A client that keeps what it is sent; `full` makes its buffer overflow. */
  function connect() {
    const client = { received: [] as Message[], full: false, closed: false, handler: undefined as unknown as SocketHandler };
    const sink = {
      send(text: string): boolean {
        if (!client.full) client.received.push(JSON.parse(text) as Message);
        return !client.full;
      },
      close(): void {
        client.closed = true;
      },
    };
    client.handler = createRpcHttpApp(chain.rpc).socket?.('/ws', sink) as SocketHandler;
    const answerTo = async (id: unknown): Promise<Message> => {
      await expect.poll(() => client.received.some((message) => message.id === id)).toBe(true);
      return client.received.find((message) => message.id === id) as Message;
    };
    const ask = async (id: unknown, method: string, ...params: unknown[]): Promise<Message> => {
      client.handler.message(call(id, method, ...params));
      return answerTo(id);
    };
    const events = (subscription: unknown): Record<string, unknown>[] =>
      client.received.flatMap(({ params }) =>
        params?.subscription === subscription ? [params?.result as Record<string, unknown>] : [],
      );
    return { client, ask, answerTo, events };
  }

  const submit = (nonce: number, key = 1) =>
    chain.rpc.call('eth_sendRawTransaction', [
      toHex(signedBy(owner, { nonce, to: WORKBENCH, data: callData('set(uint256,uint256)', key, 9) })),
    ]);

  it('takes sockets on / and /ws only', () => {
    const app = createRpcHttpApp(chain.rpc);
    const sink = { send: () => true, close: () => undefined };
    expect(app.socket?.('/', sink)).toBeDefined();
    expect(app.socket?.('/console', sink)).toBeUndefined();
  });

  it('pushes heads, logs and pooled transactions', async () => {
    const { ask, events } = connect();
    const heads = (await ask(1, 'eth_subscribe', 'newHeads')).result;
    const logs = (await ask(2, 'eth_subscribe', 'logs', { address: WORKBENCH, topics: [null, null, `0x${'0'.repeat(63)}2`] }))
      .result;
    const hashes = (await ask(3, 'eth_subscribe', 'newPendingTransactions')).result;
    const whole = (await ask(4, 'eth_subscribe', 'newPendingTransactions', true)).result;
    const sent = [await submit(0, 1), await submit(1, 2)];
    const { header } = await chain.seal();
    expect(events(heads)).toMatchObject([
      { number: '0x1', hash: header.hash, stateRoot: header.stateRoot, timestamp: expect.stringMatching(/^0x/) as string },
    ]);
    expect(events(heads)[0]).not.toHaveProperty('transactions');
    expect(events(logs)).toMatchObject([{ transactionHash: sent[1], logIndex: '0x1' }]);
    expect(events(hashes)).toEqual(sent);
    expect(events(whole)).toMatchObject([{ hash: sent[0], from: owner.address }, { hash: sent[1] }]);
    expect((await ask(5, 'eth_unsubscribe', heads)).result).toBe(true);
    expect((await ask(6, 'eth_unsubscribe', heads)).result).toBe(false);
    await chain.seal();
    expect(events(heads)).toHaveLength(1);
  });

  it('tells when catching up starts and ends', async () => {
    const { ask, events } = connect();
    const subscription = (await ask(1, 'eth_subscribe', 'syncing')).result;
    await chain.seal();
    chain.setSyncing(() => ({ startingBlock: 1, currentBlock: 1, highestBlock: 9 }));
    await chain.seal();
    await chain.seal();
    chain.setSyncing(() => false);
    await chain.seal();
    expect(events(subscription)).toMatchObject([{ syncing: true, status: { highestBlock: '0x9' } }, false]);
  });

  it('answers a subscription before it speaks', async () => {
    const { client } = connect();
    client.handler.message(
      `[${call('a', 'eth_subscribe', 'newHeads')},${call('b', 'treadle_awaitReceipt', `0x${'00'.repeat(32)}`, 1000)}]`,
    );
    await chain.seal();
    expect(client.received).toEqual([]);
    await chain.advance(1_000_000);
    await expect.poll(() => client.received.length).toBe(1);
    await chain.seal();
    expect(client.received).toHaveLength(2);
  });

  it("keeps one connection's subscriptions from another and drops them when it goes", async () => {
    const first = connect();
    const second = connect();
    const { result } = await first.ask(1, 'eth_subscribe', 'newHeads');
    expect((await second.ask(1, 'eth_unsubscribe', result)).result).toBe(false);
    await second.ask(2, 'eth_subscribe', 'newHeads');
    first.client.handler.closed();
    second.client.full = true;
    await chain.seal();
    second.client.full = false;
    await chain.seal();
    expect(first.events(result)).toEqual([]);
    expect(second.client.received.filter(({ params }) => params !== undefined)).toEqual([]);
  });

  it('ends a wait when the socket closes', async () => {
    const { client } = connect();
    client.handler.message(call(1, 'treadle_awaitReceipt', `0x${'00'.repeat(32)}`, 60_000));
    await expect.poll(() => chain.world.waits().length).toBe(1);
    client.handler.closed();
    await expect.poll(() => chain.world.waits().length).toBe(0);
  });

  it('bounds subscriptions, messages and unanswered calls', async () => {
    const { client, ask } = connect();
    for (let id = 0; id < 128; id++) client.handler.message(call(id, 'eth_subscribe', 'newHeads'));
    await expect.poll(() => client.received.length).toBe(128);
    expect((await ask('more', 'eth_subscribe', 'newHeads')).error?.code).toBe(-32005);
    const large = connect();
    large.client.handler.message('x'.repeat(RPC_BODY_BYTES_MAX + 1));
    expect(large.client).toMatchObject({ closed: true, received: [{ id: null, error: { code: -32600 } }] });
    const greedy = connect();
    for (let id = 0; id <= 64 + 1024; id++)
      greedy.client.handler.message(call(id, 'treadle_awaitReceipt', toHex(new Uint8Array(32)), 60_000));
    expect(greedy.client).toMatchObject({ closed: true, received: [{ id: null, error: { code: -32005 } }] });
  });

  it('answers what waited for its turn', async () => {
    const { client } = connect();
    for (let id = 0; id < 500; id++) client.handler.message(call(id, 'eth_getBalance', owner.address));
    await expect.poll(() => client.received.length).toBe(500);
    expect(new Set(client.received.map(({ id }) => id)).size).toBe(500);
  });
});
