import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Address, fromHex } from '../../crypto/index.ts';
import { hasCode } from '../../errors.ts';
import { TRANSACTION_BYTES_MAX } from '../../limits.ts';
import { CHAIN_ID, signedBy, type TransactionContent, testKey } from '../testing/fixtures.ts';
import { Pool, type PoolLimits, type SenderAccount } from './pool.ts';
import { decodeTransaction } from './transaction-codec.ts';

const TO = testKey(9).address;

function bench(limits: PoolLimits = {}) {
  const accounts = new Map<Address, SenderAccount>();
  const dropped: string[] = [];
  const pool = new Pool({
    limits,
    blockGasLimit: 30_000_000n,
    account: async (sender) => accounts.get(sender) ?? { nonce: 0n, balance: 1000n, canSend: true },
    onDropped: (_signed, reason) => dropped.push(reason),
  });
  const signed = (sender: number, content: TransactionContent) =>
    decodeTransaction(signedBy(testKey(sender), { to: TO, gas: 100_000n, ...content }), CHAIN_ID);
  const add = (sender: number, content: TransactionContent) => pool.add(signed(sender, content));
  return { pool, accounts, dropped, signed, add };
}

const code = (expected: string) => (error: unknown) => hasCode(error, expected);

describe('admission to the pool', () => {
  it('refuses what can never be in a block, each with its reason', async () => {
    const { add, accounts } = bench();
    accounts.set(testKey(1).address, { nonce: 5n, balance: 10n, canSend: true });
    accounts.set(testKey(2).address, { nonce: 0n, balance: 10n, canSend: false });
    await expect(add(1, { nonce: 4 })).rejects.toSatisfy(code('POOL_NONCE_TOO_LOW'));
    await expect(add(1, { nonce: 5 + 512 })).rejects.toSatisfy(code('POOL_NONCE_TOO_HIGH'));
    await expect(add(1, { nonce: 5, value: 11n })).rejects.toSatisfy(code('POOL_INSUFFICIENT_FUNDS'));
    await expect(add(1, { nonce: 5, gasPrice: 1n })).rejects.toSatisfy(code('POOL_INSUFFICIENT_FUNDS'));
    await expect(add(1, { nonce: 5, gas: 20_999n })).rejects.toSatisfy(code('POOL_INTRINSIC_GAS'));
    await expect(add(1, { nonce: 5, gas: 21_500n, data: new Uint8Array(100).fill(1) })).rejects.toSatisfy(
      code('POOL_INTRINSIC_GAS'),
    );
    await expect(add(1, { nonce: 5, gas: 30_000_001n })).rejects.toSatisfy(code('POOL_GAS_LIMIT'));
    await expect(add(2, { nonce: 0 })).rejects.toSatisfy(code('POOL_SENDER_NOT_EOA'));
    await expect(add(1, { nonce: 5, value: 10n })).resolves.toBeUndefined();
  });

  it('refuses bytes that are no transaction of this chain', () => {
    const decode = (raw: Uint8Array) => () => decodeTransaction(raw, CHAIN_ID);
    expect(decode(signedBy(testKey(0), { nonce: 0, to: TO, chainId: 1 }))).toThrow(
      expect.objectContaining({ code: 'POOL_WRONG_CHAIN' }),
    );
    expect(decode(signedBy(testKey(0), { nonce: 0, to: TO, chainId: 1, legacy: true }))).toThrow(
      expect.objectContaining({ code: 'POOL_WRONG_CHAIN' }),
    );
    expect(decode(new Uint8Array(TRANSACTION_BYTES_MAX + 1))).toThrow(expect.objectContaining({ code: 'POOL_TOO_LARGE' }));
    expect(decode(Uint8Array.of(3, 0xc0))).toThrow(expect.objectContaining({ code: 'POOL_TYPE_REFUSED' }));
    expect(decode(Uint8Array.of(0xc0))).toThrow(expect.objectContaining({ code: 'POOL_INVALID' }));
    expect(decode(new Uint8Array(0))).toThrow(expect.objectContaining({ code: 'POOL_INVALID' }));
    const valid = signedBy(testKey(0), { nonce: 0, to: TO });
    // The well-known example transaction of EIP-155's predecessor names no chain.
    const unprotected = fromHex(
      '0xf85f800182520894000000000000000000000000000000000000aaaa0a801ba048b55bfa915ac795c431978d8a6a992b628d557da5ff759b307d495a36649353a01fffd310ac743f371de3b9f7f9cb56c0b28ad43601b4ab949f53faa07bd2c804',
    );
    expect(decode(unprotected)).toThrow(expect.objectContaining({ code: expect.stringMatching(/POOL_(WRONG_CHAIN|INVALID)/) }));
    expect(decode(valid)().sender).toBe(testKey(0).address);
  });

  it('knows a transaction, and replaces it only for higher fees', async () => {
    const { pool, add, accounts } = bench();
    accounts.set(testKey(1).address, { nonce: 0n, balance: 10n ** 18n, canSend: true });
    await add(1, { nonce: 0 });
    await expect(add(1, { nonce: 0 })).rejects.toSatisfy(code('POOL_KNOWN'));
    await expect(add(1, { nonce: 0, value: 1n })).rejects.toSatisfy(code('POOL_UNDERPRICED_REPLACEMENT'));
    await add(1, { nonce: 0, value: 1n, gasPrice: 100n });
    await expect(add(1, { nonce: 0, gasPrice: 109n })).rejects.toSatisfy(code('POOL_UNDERPRICED_REPLACEMENT'));
    await add(1, { nonce: 0, gasPrice: 110n });
    expect(pool.size).toBe(1);
  });

  it('is bounded in transactions, in bytes and per sender', async () => {
    const three = bench({ transactions: 3 });
    for (const sender of [1, 2, 3]) await three.add(sender, { nonce: 0 });
    await expect(three.add(4, { nonce: 0 })).rejects.toSatisfy(
      (error) => hasCode(error, 'POOL_FULL') && typeof error.data.retryAfterMs === 'number',
    );
    const small = bench({ bytes: 150 });
    await small.add(1, { nonce: 0 });
    await expect(small.add(2, { nonce: 0 })).rejects.toSatisfy(code('POOL_FULL'));
    const two = bench({ perSender: 2 });
    await two.add(1, { nonce: 0 });
    await two.add(1, { nonce: 1 });
    await expect(two.add(1, { nonce: 2 })).rejects.toSatisfy(code('POOL_NONCE_TOO_HIGH'));
  });
});

describe('the pool over blocks', () => {
  it('drops what a block contains, what it made stale and what can no longer be paid', async () => {
    const { pool, add, accounts, dropped, signed } = bench();
    await add(1, { nonce: 0 });
    await add(1, { nonce: 1, value: 900n });
    await add(1, { nonce: 2 });
    await add(2, { nonce: 0 });
    accounts.set(testKey(1).address, { nonce: 1n, balance: 5n, canSend: true });
    await pool.settle([signed(1, { nonce: 0 })]);
    expect(pool.size).toBe(2);
    expect(dropped).toEqual(['its sender can no longer pay it']);
    expect(pool.nextNonce(testKey(1).address, 1n)).toBe(1n);
    accounts.set(testKey(1).address, { nonce: 3n, balance: 5n, canSend: true });
    await pool.settle([], [testKey(1).address]);
    expect(dropped[1]).toBe('its nonce has been used');
    expect([...pool.all()].map(({ sender }) => sender)).toEqual([testKey(2).address]);
  });

  it('selects every sender by nonce without gaps, whatever the order of arrival', async () => {
    const arrivals = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 5 })), {
      maxLength: 14,
      selector: ([sender, nonce]) => `${sender} ${nonce}`,
    });
    await fc.assert(
      fc.asyncProperty(arrivals, async (pairs) => {
        const { pool, add } = bench();
        for (const [sender, nonce] of pairs) await add(sender, { nonce });
        const selected = pool.select().map(({ sender, transaction }) => ({ sender, nonce: Number(transaction.nonce) }));
        for (const sender of [1, 2, 3]) {
          const { address } = testKey(sender);
          const pooled = new Set(pairs.filter(([who]) => who === sender).map(([, nonce]) => nonce));
          let runnable = 0;
          while (pooled.has(runnable)) runnable++;
          const taken = selected.filter((entry) => entry.sender === address).map(({ nonce }) => nonce);
          expect(taken).toEqual(Array.from({ length: runnable }, (_, nonce) => nonce));
          expect(pool.nextNonce(address, 0n)).toBe(BigInt(runnable));
        }
      }),
      { numRuns: 30 },
    );
  });
});
