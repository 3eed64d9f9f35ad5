import { createPublicClient, custom } from 'viem';
import { beforeEach, describe, expect, it } from 'vitest';
import { equalBytes, fromHex, type Hex, keccak256, toHex } from '../../crypto/index.ts';
import type { HttpRequest } from '../../environment/index.ts';
import { BATCH_BYTES_MAX, BATCH_ITEMS_MAX, BUSY_RETRY_AFTER_MS } from '../../limits.ts';
import { commitPayload } from '../payload/payload-tree.ts';
import { bodyOf } from '../payload/testing/bodies.ts';
import { signedPayload } from '../payload/testing/signed-payload.ts';
import { type Encodable, encode } from '../rlp-fields.ts';
import { signedBy, testKey } from '../testing/fixtures.ts';
import { createRpcHttpApp } from './http-app.ts';
import { createProvider } from './provider.ts';
import { openTestChain, owner, type TestChain } from './testing/test-chain.ts';

const to = testKey(1).address;
const hashOf = (raw: Uint8Array) => toHex(keccak256(raw));

let chain: TestChain;
beforeEach(async () => {
  chain = await openTestChain();
});

async function http(method: string, path: string, content: Partial<HttpRequest> = {}) {
  const answer = await createRpcHttpApp(chain.rpc).handle({
    ...{ method, path, query: {}, headers: {}, body: new Uint8Array(0) },
    ...content,
  });
  return { ...answer, json: typeof answer.body === 'string' ? (JSON.parse(answer.body) as unknown) : undefined };
}

const post = (items: Encodable) => http('POST', '/batch', { body: encode(items) });

describe('POST /batch', () => {
  it('answers for each item in order, and pools what it can', async () => {
    const body = bodyOf(70_000);
    const plain = signedBy(owner, { nonce: 0, to });
    const payload = signedPayload(owner, { nonce: 1, to, body });
    const items = [plain, [payload, body], Uint8Array.of(1, 2, 3), plain, [signedBy(testKey(2), { nonce: 0, to }), body]];
    const answer = await post(items);
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json' },
      json: [
        { hash: hashOf(plain) },
        { hash: hashOf(payload) },
        { error: { data: { reason: 'POOL_INVALID' } } },
        { error: { code: -32003, data: { reason: 'POOL_KNOWN' } } },
        { error: { code: -32003, data: { reason: 'PAYLOAD_UNEXPECTED' } } },
      ],
    });
    const block = await chain.seal();
    expect(block.transactions.map((transaction) => toHex(transaction.hash()))).toEqual([hashOf(plain), hashOf(payload)]);
    expect(chain.rpc.memory.usedBytes).toBe(0);
  });

  it('takes a full batch', async () => {
    const items = Array.from({ length: 500 }, (_, nonce) => signedBy(owner, { nonce, to }));
    const answer = await post(items);
    expect(answer.json).toEqual(items.map((raw) => ({ hash: hashOf(raw) })));
    expect(chain.ledger.pendingCount()).toBe(500);
  });

  it.each([
    ['nothing', new Uint8Array(0), 400],
    ['no RLP', Uint8Array.of(0xff), 400],
    ['no list', encode(Uint8Array.of(1, 2)), 400],
    ['an item of three', encode([[Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)]]), 400],
    ['an item within an item', encode([[[], Uint8Array.of(2)]]), 400],
    ['too many items', encode(Array.from({ length: BATCH_ITEMS_MAX + 1 }, () => Uint8Array.of(1))), 413],
    ['too many bytes', new Uint8Array(BATCH_BYTES_MAX + 1), 413],
  ])('refuses %s as a whole', async (_what, body, status) => {
    const answer = await http('POST', '/batch', { body });
    expect(answer).toMatchObject({ status, json: { error: { code: expect.any(Number) as number } } });
    expect(chain.rpc.memory.usedBytes).toBe(0);
  });

  it('is for POST only', async () => {
    expect(await http('GET', '/batch')).toMatchObject({ status: 405, headers: { allow: 'POST, OPTIONS' } });
  });

  it('answers 429 when the node has no memory, and when every item is refused for want of room', async () => {
    const { memory } = chain.rpc;
    const giveBack = memory.take(memory.limitBytes - memory.usedBytes - 100);
    const seconds = String(BUSY_RETRY_AFTER_MS / 1000);
    expect(await http('POST', '/batch', { body: new Uint8Array(200) })).toMatchObject({
      status: 429,
      headers: { 'retry-after': seconds },
      json: { error: { code: -32005, data: { retryAfterMs: BUSY_RETRY_AFTER_MS, reason: 'POOL_BUSY' } } },
    });
    giveBack?.();
    chain = await openTestChain({ poolLimits: { transactions: 1 } });
    const transactions = [0, 1, 2].map((nonce) => signedBy(owner, { nonce, to }));
    expect((await post(transactions)).status).toBe(200);
    expect(await post(transactions.slice(1))).toMatchObject({
      status: 429,
      headers: { 'retry-after': seconds },
      json: [{ error: { code: -32005 } }, { error: { code: -32005 } }],
    });
  });

  it('lets nothing in before its body is read when there is no room for it', () => {
    const app = createRpcHttpApp(chain.rpc);
    const { memory } = chain.rpc;
    const first = app.admit?.('/batch', 1000) as () => void;
    expect(memory.usedBytes).toBe(1000);
    expect(app.admit?.('/batch', memory.limitBytes)).toMatchObject({ status: 429 });
    first();
    expect(memory.usedBytes).toBe(0);
    expect(app.admit?.('/', 1000)).toBeTypeOf('function');
    expect(memory.usedBytes).toBe(0);
  });
});

describe('a payload transaction over JSON-RPC', () => {
  const body = bodyOf(200_000);
  const raw = signedPayload(owner, { nonce: 0, to, body, mediaType: 'text/plain;charset=utf-8' });
  const hash = hashOf(raw);
  const { root } = commitPayload(body, 'text/plain');

  it('is sent with its body, shown, and read back', async () => {
    expect(await chain.rpc.call('treadle_sendPayloadTransaction', [toHex(raw), toHex(body)])).toBe(hash);
    const shown = { type: '0x50', payloadRoot: root, payloadLength: '0x30d40', payloadMediaType: 'text/plain;charset=utf-8' };
    expect(await chain.rpc.call('eth_getTransactionByHash', [hash])).toMatchObject({ ...shown, blockHash: null });
    await chain.seal();
    expect(await chain.rpc.call('eth_getTransactionByHash', [hash])).toMatchObject({ ...shown, blockNumber: '0x1' });
    expect(await chain.rpc.call('eth_getBlockByNumber', ['0x1', true])).toMatchObject({ transactions: [shown] });
    expect(await chain.rpc.call('eth_getTransactionReceipt', [hash])).toMatchObject({ type: '0x50', status: '0x1' });
    const held = (await chain.rpc.call('treadle_getPayload', [hash])) as Readonly<Record<string, unknown>>;
    expect(held).toMatchObject({ root, length: 200_000, mediaType: 'text/plain;charset=utf-8' });
    expect(equalBytes(fromHex(held['body'] as Hex), body)).toBe(true);
  });

  it('is refused with a reason', async () => {
    const refusal = (code: number, reason: string) =>
      expect.objectContaining({ code, data: expect.objectContaining({ reason }) as unknown });
    const send = (...params: unknown[]) => chain.rpc.call('treadle_sendPayloadTransaction', params);
    await expect(send(toHex(raw), toHex(body.subarray(1)))).rejects.toEqual(refusal(-32003, 'PAYLOAD_BAD_BODY'));
    await expect(chain.rpc.call('eth_sendRawTransaction', [toHex(raw)])).rejects.toEqual(refusal(-32003, 'PAYLOAD_MISSING'));
    expect(await chain.rpc.call('treadle_getPayload', [hash])).toBeNull();
    const plain = await chain.rpc.call('eth_sendRawTransaction', [toHex(signedBy(owner, { nonce: 0, to }))]);
    await expect(chain.rpc.call('treadle_getPayload', [plain])).rejects.toEqual(refusal(-32000, 'RPC_INVALID_INPUT'));
  });

  it('does not disturb viem', async () => {
    await chain.rpc.call('treadle_sendPayloadTransaction', [toHex(raw), toHex(body)]);
    await chain.seal();
    const reader = createPublicClient({ transport: custom(createProvider(chain.rpc)) });
    const block = await reader.getBlock({ includeTransactions: true });
    expect(block.transactions).toMatchObject([{ hash, typeHex: '0x50', value: 0n, nonce: 0 }]);
    expect(await reader.getTransaction({ hash })).toMatchObject({ hash, blockNumber: 1n, maxFeePerGas: 0n });
    expect(await reader.getTransactionReceipt({ hash })).toMatchObject({ status: 'success', blockNumber: 1n });
  });
});

describe('GET /payload/<root>', () => {
  it('gives the bytes with their type, for ever, and fenced off', async () => {
    const body = bodyOf(100_000);
    const raw = signedPayload(owner, { nonce: 0, to, body, mediaType: 'image/svg+xml' });
    const { root } = commitPayload(body, 'image/svg+xml');
    expect((await http('GET', `/payload/${root}`)).status).toBe(404);
    await post([[raw, body]]);
    const answer = await http('GET', `/payload/${root}`);
    expect(answer).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'image/svg+xml',
        'cache-control': expect.stringContaining('immutable') as string,
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringContaining('sandbox') as string,
        etag: `"${root}"`,
      },
    });
    expect(equalBytes(answer.body as Uint8Array, body)).toBe(true);
    expect(await http('GET', `/payload/${root}`, { headers: { 'if-none-match': `"${root}"` } })).toMatchObject({ status: 304 });
    expect((await http('GET', '/payload/0x12')).status).toBe(400);
    expect((await http('POST', `/payload/${root}`)).status).toBe(405);
  });
});
