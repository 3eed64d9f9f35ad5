import {
  Capability,
  createAccessList2930Tx,
  createFeeMarket1559Tx,
  createTxFromRLP,
  getCalldataFloorGas,
  type TypedTransaction,
} from '@ethereumjs/tx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRlp, equalBytes, type RlpInput, toHex } from '../../crypto/index.ts';
import { chainRules } from '../execution/chain-rules.ts';
import { CHAIN_ID, signedBy, testKey } from '../testing/fixtures.ts';
import { decodePlainTransaction } from './plain-transaction.ts';
import { decodeTransaction } from './transaction-codec.ts';
import { fieldsOf, minimumGasOf } from './transaction-fields.ts';

const content = fc.record({
  nonce: fc.oneof(fc.nat(300), fc.maxSafeNat()),
  to: fc.constantFrom(testKey(40).address, testKey(41).address),
  data: fc.uint8Array({ maxLength: 300 }),
  value: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 200n })),
  gas: fc.bigInt({ min: 0n, max: 2n ** 40n }),
  gasPrice: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 90n })),
  legacy: fc.boolean(),
  chainId: fc.constantFrom(CHAIN_ID, 1, 127, 128, 70_000),
});

/** What the library makes of the bytes, held to the rules of this chain; undefined when it refuses them. */
function byLibrary(
  raw: Uint8Array,
  chainId: number,
): { readonly transaction: TypedTransaction; readonly sender: string } | undefined {
  try {
    const transaction = createTxFromRLP(raw, { common: chainRules(chainId) }) as TypedTransaction;
    if (transaction.type === 0 && !transaction.supports(Capability.EIP155ReplayProtection)) return undefined;
    return equalBytes(transaction.serialize(), raw)
      ? { transaction, sender: transaction.getSenderAddress().toString() }
      : undefined;
  } catch {
    return undefined;
  }
}

function expectAlike(raw: Uint8Array, chainId: number): void {
  const plain = decodePlainTransaction(raw, chainId);
  if (plain === undefined) return;
  const library = byLibrary(raw, chainId);
  expect(library?.sender, toHex(raw)).toBe(plain.sender);
  expect(fieldsOf(library?.transaction as TypedTransaction)).toEqual(plain.fields);
}

describe('a plain transaction', () => {
  it('is understood without the library, with the same fields and the same sender', () => {
    fc.assert(
      fc.property(fc.nat(5), content, (sender, wish) => {
        const raw = signedBy(testKey(sender), wish);
        const plain = decodePlainTransaction(raw, wish.chainId);
        expect(plain?.sender).toBe(testKey(sender).address);
        expectAlike(raw, wish.chainId);
        expect(decodePlainTransaction(raw, wish.chainId + 1)).toBeUndefined();
      }),
      { numRuns: 150 },
    );
  });

  it('is never what the library refuses or reads otherwise, whatever happened to the bytes', () => {
    const changes = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { minLength: 1, maxLength: 2 });
    fc.assert(
      fc.property(content, changes, fc.nat(3), fc.nat(2), (wish, edits, cut, more) => {
        const raw = signedBy(testKey(0), { ...wish, chainId: CHAIN_ID });
        const changed = Uint8Array.from([...raw.subarray(0, raw.length - cut), ...new Uint8Array(more)]);
        for (const { at, byte } of edits) changed[at % changed.length] = byte;
        expectAlike(changed, CHAIN_ID);
      }),
      { numRuns: 600 },
    );
  });

  it('costs what the library says, with and without data', () => {
    fc.assert(
      fc.property(content, (wish) => {
        const signed = decodeTransaction(signedBy(testKey(1), { ...wish, chainId: CHAIN_ID }), CHAIN_ID);
        const [intrinsic, floor] = [signed.transaction.getIntrinsicGas(), getCalldataFloorGas(signed.transaction)];
        expect(minimumGasOf(signed)).toBe(intrinsic > floor ? intrinsic : floor);
      }),
      { numRuns: 60 },
    );
  });

  it('gives the library its sender, so that nothing is recovered twice', () => {
    const signed = decodeTransaction(signedBy(testKey(2), { nonce: 7, to: testKey(3).address }), CHAIN_ID);
    expect(signed.transaction.cache.senderPubKey).toHaveLength(64);
    expect(signed.transaction.getSenderAddress().toString()).toBe(testKey(2).address);
    expect(toHex(signed.transaction.hash())).toBe(signed.hash);
    expect(signed.transaction).toBe(signed.transaction);
  });

  it('has no access list, creates no contract, and is signed with the lower of the two values', () => {
    const common = chainRules(CHAIN_ID);
    const shared = { nonce: 1, gasLimit: 100_000n, to: testKey(3).address };
    const accessList = [{ address: testKey(4).address, storageKeys: [] }];
    const { privateKey } = testKey(0);
    const others = [
      createAccessList2930Tx({ ...shared, gasPrice: 0n, accessList }, { common }).sign(privateKey),
      createFeeMarket1559Tx({ ...shared, accessList }, { common }).sign(privateKey),
      createFeeMarket1559Tx({ nonce: 1, gasLimit: 100_000n, data: Uint8Array.of(0) }, { common }).sign(privateKey),
    ];
    for (const other of others) expect(decodePlainTransaction(other.serialize(), CHAIN_ID)).toBeUndefined();
    const signed = createFeeMarket1559Tx(shared, { common }).sign(privateKey);
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const s = order - (signed.s ?? 0n);
    const twin = [...signed.raw().slice(0, 9), signed.v === 0n ? Uint8Array.of(1) : new Uint8Array(0), signed.raw()[10], s];
    expect(decodePlainTransaction(typed(twin), CHAIN_ID)).toBeUndefined();
  });
});

function typed(items: readonly unknown[]): Uint8Array {
  const body = encodeRlp(items as RlpInput[]);
  return Uint8Array.from([2, ...body]);
}
