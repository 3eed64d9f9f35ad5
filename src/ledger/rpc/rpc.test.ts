import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../crypto/index.ts';
import { RPC_BATCH_CALLS_MAX } from '../../limits.ts';
import { CHAIN_ID, signedBy } from '../testing/fixtures.ts';
import type { Rpc } from './rpc.ts';
import { openTestChain, owner } from './testing/test-chain.ts';

let rpc: Rpc;
beforeAll(async () => {
  ({ rpc } = await openTestChain());
});

interface Response {
  readonly jsonrpc: string;
  readonly id: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data: unknown };
}

async function ask(value: unknown): Promise<Response> {
  return JSON.parse((await rpc.handleText(JSON.stringify(value))) ?? '') as Response;
}

const chainId = { jsonrpc: '2.0', id: 1, method: 'eth_chainId' };

describe('JSON-RPC 2.0', () => {
  it('answers a request with its id', async () => {
    expect(await ask(chainId)).toEqual({ jsonrpc: '2.0', id: 1, result: `0x${CHAIN_ID.toString(16)}` });
    for (const id of ['a', 0, null, -3.5]) expect((await ask({ ...chainId, id })).id).toBe(id);
  });

  it('answers a batch in order and leaves notifications out', async () => {
    const { id: _, ...notification } = chainId;
    const answers = (await ask([
      { ...chainId, id: 1 },
      notification,
      { ...chainId, id: 2, method: 'eth_nothing' },
      5,
    ])) as unknown as Response[];
    expect(answers.map((answer) => [answer.id, answer.error?.code])).toEqual([
      [1, undefined],
      [2, -32601],
      [null, -32600],
    ]);
    expect(await rpc.handleText(JSON.stringify(notification))).toBeUndefined();
    expect(await rpc.handleText(JSON.stringify([notification, { ...notification, method: 'none' }]))).toBeUndefined();
  });

  it.each([
    ['{', -32700],
    ['', -32700],
    ['[]', -32600],
    ['1', -32600],
    ['null', -32600],
    ['{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}', -32600],
    ['{"id":1,"method":"eth_chainId"}', -32600],
    ['{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":7}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":7}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"__proto__"}', -32601],
    ['{"jsonrpc":"2.0","id":1,"method":"toString"}', -32601],
    ['{"jsonrpc":"2.0","id":1,"method":"hardhat_metadata","params":[]}', -32601],
    ['{"jsonrpc":"2.0","id":1,"method":"evm_mine"}', -32601],
    ['{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":["0x1"]}', -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"eth_sendTransaction","params":[{}]}', -32004],
    ['{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}', -32004],
  ])('answers %s with %i', async (text, code) => {
    const answer = JSON.parse((await rpc.handleText(text)) ?? '') as Response;
    expect(answer.error?.code).toBe(code);
    expect(answer.error?.message.length).toBeGreaterThan(10);
  });

  it('suggests the nearest method', async () => {
    const { error } = await ask({ ...chainId, method: 'eth_getBalanse' });
    expect(error?.message).toMatch(/the method eth_getBalanse does not exist\/is not available: did you mean eth_getBalance\?/);
    expect(error?.data).toMatchObject({ suggestion: 'eth_getBalance', reason: 'RPC_UNKNOWN_METHOD' });
  });

  it('bounds a batch', async () => {
    const { error } = await ask(Array.from({ length: RPC_BATCH_CALLS_MAX + 1 }, () => chainId));
    expect(error).toMatchObject({ code: -32005 });
  });

  it('takes a text of nothing but brackets', async () => {
    const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
    const answer = JSON.parse((await rpc.handleText(deep)) ?? '') as Response[];
    expect(answer).toHaveLength(1);
    const inside = `{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":[${deep}]}`;
    expect((JSON.parse((await rpc.handleText(inside)) ?? '') as Response).error?.code).toBe(-32602);
  });

  it('reads parameters by name', async () => {
    const answer = await ask({ ...chainId, method: 'eth_getBlockByNumber', params: { block: 'earliest' } });
    expect(answer.result).toMatchObject({ number: '0x0' });
  });

  it('says "later" once for a whole batch that is refused', async () => {
    const chain = await openTestChain({ poolLimits: { transactions: 1 } });
    await chain.rpc.call('eth_sendRawTransaction', [toHex(signedBy(owner, { nonce: 0 }))]);
    const send = { jsonrpc: '2.0', id: 1, method: 'eth_sendRawTransaction', params: [toHex(signedBy(owner, { nonce: 1 }))] };
    const answer = await chain.rpc.answer(JSON.stringify([send, send]));
    expect(answer.retryAfterMs).toBeGreaterThan(0);
    expect(JSON.parse(answer.text ?? '')).toMatchObject([
      { error: { code: -32005, data: { retryAfterMs: answer.retryAfterMs, reason: 'POOL_FULL' } } },
      {},
    ]);
    expect(await chain.rpc.answer(JSON.stringify([send, chainId]))).not.toHaveProperty('retryAfterMs');
  });

  it('keeps what a defect says to itself and logs it', async () => {
    const chain = await openTestChain();
    chain.setSyncing(() => {
      throw new Error('secret path');
    });
    await expect(chain.rpc.call('eth_syncing', [])).rejects.toMatchObject({
      code: -32603,
      message: expect.not.stringContaining('secret') as string,
    });
    expect(JSON.stringify(chain.world.log())).toContain('secret path');
  });
});

describe('any text', () => {
  const names = (): readonly string[] => [...rpc.methods.keys()];

  /** What JSON-RPC 2.0 says of a response. */
  function expectResponse(answer: unknown): void {
    expect(answer).toMatchObject({ jsonrpc: '2.0' });
    const response = answer as Response;
    expect('id' in response).toBe(true);
    expect('result' in response).toBe(!('error' in response));
    if (response.error !== undefined) {
      expect(Number.isInteger(response.error.code)).toBe(true);
      expect(typeof response.error.message).toBe('string');
    }
  }

  async function check(text: string): Promise<void> {
    const answer = await rpc.handleText(text);
    if (answer === undefined) return;
    const parsed = JSON.parse(answer) as unknown;
    if (Array.isArray(parsed)) for (const one of parsed) expectResponse(one);
    else expectResponse(parsed);
  }

  it('is answered by valid JSON-RPC or not at all', async () => {
    await fc.assert(fc.asyncProperty(fc.oneof(fc.string(), fc.json(), fc.json({ maxDepth: 6 })), check), { numRuns: 500 });
  });

  it('also when it names a method and has any parameters', async () => {
    const values = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(
        'latest',
        'pending',
        '0x0',
        '0xffffffffffffffffff',
        `0x${'00'.repeat(20)}`,
        `0x${'ab'.repeat(32)}`,
        '0x',
        0,
        {},
        [],
        true,
        1,
        [50],
      ),
      fc.record(
        { to: fc.constant(`0x${'00'.repeat(20)}`), data: fc.constantFrom('0x', '0x60'), gas: fc.constantFrom('0x0', '0xffffff') },
        { requiredKeys: [] },
      ),
    );
    const request = fc.record(
      {
        jsonrpc: fc.constant('2.0'),
        id: fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.constant({})),
        method: fc.nat(1000).map((index) => names()[index % names().length] as string),
        params: fc.oneof(
          { weight: 5, arbitrary: fc.array(values, { maxLength: 4 }) },
          fc.dictionary(fc.string(), values),
          fc.jsonValue(),
        ),
      },
      { requiredKeys: ['jsonrpc', 'method'] },
    );
    // Waiting methods would wait for the world's clock, which stands still here.
    const waits = (text: string): boolean => /awaitReceipt|TransactionSync/.test(text);
    const texts = fc
      .oneof(request, fc.array(request, { maxLength: 5 }))
      .map((value) => JSON.stringify(value))
      .filter((text) => !waits(text));
    await fc.assert(fc.asyncProperty(texts, check), { numRuns: 1500 });
  });
});
