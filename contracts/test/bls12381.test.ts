import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import fc from 'fast-check';
import { encodeFunctionData, parseAbi } from 'viem';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileSources } from '../../scripts/build-contracts.ts';
import {
  type Address,
  aggregatePublicKeys,
  aggregateSignatures,
  BLS_SUITE,
  type BlsKey,
  blsKeyFrom,
  fromHex,
  type Hex,
  keccak256,
  lendBlsCurve,
  toEip2537G1,
  toEip2537G2,
  toHex,
} from '../../src/crypto/index.ts';
import { nativeBlsCurve } from '../../src/environment/host/index.ts';
import { addressFor, contractAt, createChain, type TestChain, type TestContract } from './harness.ts';

const abi = parseAbi([
  'function hashToG2(bytes32 message) view returns (bytes)',
  'function addG1(bytes left, bytes right) view returns (bytes)',
  'function sumG1(bytes[] points) view returns (bytes)',
  'function verify(bytes publicKey, bytes32 message, bytes signature) view returns (bool)',
  'function verifyBoth(bytes key1, bytes32 message1, bytes signature1, bytes key2, bytes32 message2, bytes signature2) view returns (bool)',
  'function verifyRound(bytes master, bytes32 alpha, bytes proof, bytes[] signers, bytes32 message, bytes signature) view returns (bool)',
  'error InvalidPoint()',
  'error CurveMissing()',
  'error NotEnoughGas()',
]);
const LIBRARY: Address = '0x0000000000000000000000000000000000007381';
const MODULUS = bls12_381.fields.Fp.ORDER;
const { Fp2 } = bls12_381.fields;
const G2 = bls12_381.G2.Point;

let chain: TestChain;
let library: TestContract<typeof abi>;

beforeAll(async () => {
  lendBlsCurve(nativeBlsCurve);
  const file = 'BlsHarness.sol';
  const source = readFileSync(join(import.meta.dirname, 'fixtures', file), 'utf8');
  const compiled = compileSources({ [file]: source }, { only: [file] }).get('BlsHarness');
  chain = await createChain();
  await chain.place(LIBRARY, compiled?.bytecode as Hex);
  library = contractAt(chain, LIBRARY, abi);
});

const digestOf = (text: string): Hex => toHex(keccak256(new TextEncoder().encode(text)));
const keyOf = (name: string): BlsKey => blsKeyFrom(fromHex(digestOf(name)));
const message = digestOf('a result');
const other = digestOf('an alpha');
const keyBytes = (key: BlsKey): Hex => toHex(toEip2537G1(key.publicKey));
const signed = (key: BlsKey, digest: Hex): Hex => toHex(toEip2537G2(key.sign(fromHex(digest))));
const INFINITY_G1: Hex = `0x${'00'.repeat(128)}`;
const INFINITY_G2: Hex = `0x${'00'.repeat(256)}`;
const coordinate = (value: bigint) => value.toString(16).padStart(128, '0');
/** On the curve, of order 3. */
const SMALL_ORDER: Hex = `0x${coordinate(0n)}${coordinate(2n)}`;

/** What is no key, by why; addition takes what is on the curve. */
function badKeys(): Record<string, Hex> {
  const good = keyBytes(keyOf('one'));
  return {
    empty: '0x',
    'a byte short': good.slice(0, -2) as Hex,
    'a byte long': `${good}00`,
    compressed: toHex(keyOf('one').publicKey),
    'off the curve': `0x${coordinate(1n)}${coordinate(1n)}`,
    'not reduced': `0x${coordinate(BigInt(good.slice(0, 130)) + MODULUS)}${good.slice(130)}`,
    'padded with ones': `0x01${good.slice(4)}`,
  };
}

function badSignatures(): Record<string, Hex> {
  const good = signed(keyOf('one'), message);
  return {
    empty: '0x',
    infinity: INFINITY_G2,
    'a byte short': good.slice(0, -2) as Hex,
    'a byte long': `${good}00`,
    compressed: toHex(keyOf('one').sign(fromHex(message))),
    'off the curve': `0x${coordinate(1n).repeat(4)}`,
    'outside of the group': outsideOfG2(),
    'good but for a part outside of the group': shifted(keyOf('one').sign(fromHex(message))),
    'not reduced': `0x${coordinate(BigInt(good.slice(0, 130)) + MODULUS)}${good.slice(130)}`,
    negated: negated(keyOf('one').sign(fromHex(message))),
    'padded with ones': `0x01${good.slice(4)}`,
  };
}

describe('Bls12381', () => {
  it('hashes to the point that other implementations find', async () => {
    for (const text of ['', 'a result', 'an alpha', ...Array.from({ length: 12 }, (_, index) => `message ${index}`)]) {
      const digest = digestOf(text);
      const { x, y } = bls12_381.longSignatures.hash(fromHex(digest), BLS_SUITE).toAffine();
      const expected = [x.c0, x.c1, y.c0, y.c1].map(coordinate).join('');
      expect(await library.read('hashToG2', [digest])).toBe(`0x${expected}`);
    }
  });

  it('adds keys as the code does', async () => {
    const keys = ['one', 'two', 'three', 'four'].map(keyOf);
    const sumOf = (some: readonly BlsKey[]) => toHex(toEip2537G1(aggregatePublicKeys(some.map(({ publicKey }) => publicKey))));
    const [one, two] = keys as [BlsKey, BlsKey];
    expect(await library.read('addG1', [keyBytes(one), keyBytes(two)])).toBe(sumOf([one, two]));
    expect(await library.read('addG1', [keyBytes(one), keyBytes(one)])).toBe(sumOf([one, one]));
    expect(await library.read('addG1', [keyBytes(one), INFINITY_G1])).toBe(keyBytes(one));
    for (let count = 1; count <= keys.length; count++) {
      const some = keys.slice(0, count);
      expect(await library.read('sumG1', [some.map(keyBytes)])).toBe(sumOf(some));
    }
    expect(await library.read('sumG1', [[]])).toBe(INFINITY_G1);
  });

  it('refuses to add what is no point', async () => {
    const good = keyBytes(keyOf('one'));
    const invalid = expect.objectContaining({ reason: 'InvalidPoint' });
    for (const bad of Object.values(badKeys())) {
      await expect(library.read('addG1', [good, bad])).rejects.toEqual(invalid);
      await expect(library.read('addG1', [bad, good])).rejects.toEqual(invalid);
      for (const points of [[bad], [bad, good], [good, bad], [good, good, bad]]) {
        await expect(library.read('sumG1', [points])).rejects.toEqual(invalid);
      }
    }
  });

  it('accepts signatures of a key, and of a sum of keys', async () => {
    const keys = ['one', 'two', 'three'].map(keyOf);
    for (const key of keys) expect(await library.read('verify', [keyBytes(key), message, signed(key, message)])).toBe(true);
    const sum = await library.read('sumG1', [keys.map(keyBytes)]);
    const signature = aggregateSignatures(keys.map((key) => key.sign(fromHex(message))));
    expect(await library.read('verify', [sum, message, toHex(toEip2537G2(signature))])).toBe(true);
    const two = await library.read('sumG1', [keys.slice(0, 2).map(keyBytes)]);
    expect(await library.read('verify', [two, message, toHex(toEip2537G2(signature))])).toBe(false);
  });

  it('refuses forged, swapped and malformed ones without failing', async () => {
    const [one, two] = [keyOf('one'), keyOf('two')];
    const good = signed(one, message);
    expect(await library.read('verify', [keyBytes(one), message, signed(two, message)])).toBe(false);
    expect(await library.read('verify', [keyBytes(one), other, good])).toBe(false);
    expect(await library.read('verify', [keyBytes(two), message, good])).toBe(false);
    for (const [name, bad] of Object.entries(badSignatures())) {
      expect([name, await library.read('verify', [keyBytes(one), message, bad])]).toEqual([name, false]);
    }
    for (const [name, bad] of Object.entries({ ...badKeys(), 'of order 3': SMALL_ORDER, infinity: INFINITY_G1 })) {
      expect([name, await library.read('verify', [bad, message, good])]).toEqual([name, false]);
      expect([name, await library.read('verify', [bad, message, INFINITY_G2])]).toEqual([name, false]);
    }
  });

  it('refuses whatever bit is changed', async () => {
    const key = keyBytes(keyOf('one'));
    const good = signed(keyOf('one'), message);
    await fc.assert(
      fc.asyncProperty(fc.nat(8 * (128 + 32 + 256) - 1), async (bit) => {
        const all = fromHex(key + message.slice(2) + good.slice(2));
        all[bit >> 3] = (all[bit >> 3] as number) ^ (1 << (bit & 7));
        const parts = [all.subarray(0, 128), all.subarray(128, 160), all.subarray(160)].map(toHex) as [Hex, Hex, Hex];
        expect(await library.read('verify', parts)).toBe(false);
      }),
      { numRuns: 40 },
    );
  });

  it('checks two at once: both must hold', async () => {
    const [one, two, three] = [keyOf('one'), keyOf('two'), keyOf('three')];
    type Half = readonly [Hex, Hex, Hex];
    const first: Half = [keyBytes(one), other, signed(one, other)];
    const second: Half = [keyBytes(two), message, signed(two, message)];
    const both = (left: Half, right: Half) => library.read('verifyBoth', [...left, ...right]);
    expect(await both(first, second)).toBe(true);
    expect(await both(second, first)).toBe(true);
    expect(await both(first, first)).toBe(true);
    const wrong: Half[] = [
      [keyBytes(one), other, signed(three, other)],
      [keyBytes(three), other, signed(one, other)],
      [keyBytes(one), message, signed(one, other)],
      ...Object.values(badSignatures()).map((bad): Half => [keyBytes(one), message, bad]),
      ...Object.values({ ...badKeys(), 'of order 3': SMALL_ORDER }).map((bad): Half => [bad, other, signed(one, other)]),
      [INFINITY_G1, other, INFINITY_G2],
    ];
    for (const half of wrong) {
      expect(await both(half, second)).toBe(false);
      expect(await both(second, half)).toBe(false);
    }
  });

  it('does not let one error make up for another', async () => {
    const [one, two] = [keyOf('one'), keyOf('two')];
    // Without a factor, or with one that is known before, s1 + d and s2 - d would pass: their sum is right.
    const d = G2.BASE.multiply(12345n);
    const plus = plain(G2.fromBytes(one.sign(fromHex(other))).add(d));
    const minus = plain(G2.fromBytes(two.sign(fromHex(message))).subtract(d));
    expect(await library.read('verifyBoth', [keyBytes(one), other, plus, keyBytes(two), message, minus])).toBe(false);
    const swapped = [keyBytes(one), other, signed(two, message), keyBytes(two), message, signed(one, other)] as const;
    expect(await library.read('verifyBoth', swapped)).toBe(false);
  });

  it('checks a round of an oracle within its price', async () => {
    const master = keyOf('master');
    const mostGas = { 4: 330_000n, 9: 342_000n, 31: 386_000n };
    for (const [group, most] of Object.entries(mostGas)) {
      const signers = Array.from({ length: Math.floor((2 * Number(group)) / 3) + 1 }, (_, index) => keyOf(`node ${index}`));
      const signature = toHex(toEip2537G2(aggregateSignatures(signers.map((key) => key.sign(fromHex(message))))));
      const round = [keyBytes(master), other, signed(master, other), signers.map(keyBytes), message, signature] as const;
      const data = encodeFunctionData({ abi, functionName: 'verifyRound', args: round });
      const { returnData, gasUsed } = await chain.send(addressFor('anyone'), { to: LIBRARY, data });
      expect(BigInt(returnData)).toBe(1n);
      expect(gasUsed).toBeLessThan(most);
    }
  });

  it('is reverted for want of gas, never answered with no', async () => {
    const arguments_ = [keyBytes(keyOf('one')), message, signed(keyOf('one'), message)] as const;
    const data = encodeFunctionData({ abi, functionName: 'verify', args: arguments_ });
    const enough = await chain.send(addressFor('anyone'), { to: LIBRARY, data });
    expect([enough.success, BigInt(enough.returnData)]).toEqual([true, 1n]);
    for (let gas = 40_000n; gas < enough.gasUsed + 12_000n; gas += 7_001n) {
      const { success, returnData } = await chain.send(addressFor('anyone'), { to: LIBRARY, data, gas });
      if (success) expect(BigInt(returnData)).toBe(1n);
      else expect(gas).toBeLessThan(enough.gasUsed + 6_000n);
    }
  });

  it('burns no more than the price of a check on what is malformed', async () => {
    const data = encodeFunctionData({
      abi,
      functionName: 'verify',
      args: [keyBytes(keyOf('one')), message, outsideOfG2()],
    });
    const good = encodeFunctionData({
      abi,
      functionName: 'verify',
      args: [keyBytes(keyOf('one')), message, signed(keyOf('one'), message)],
    });
    const [bad, fine] = [
      await chain.send(addressFor('anyone'), { to: LIBRARY, data }),
      await chain.send(addressFor('anyone'), { to: LIBRARY, data: good }),
    ];
    expect(BigInt(bad.returnData)).toBe(0n);
    expect(bad.gasUsed).toBeLessThan(fine.gasUsed + 2_000n);
  });
});

interface Pair {
  readonly c0: bigint;
  readonly c1: bigint;
}

function pointBytes({ x, y }: { readonly x: Pair; readonly y: Pair }): Hex {
  return `0x${[x.c0, x.c1, y.c0, y.c1].map(coordinate).join('')}`;
}

function plain(point: ReturnType<typeof G2.fromBytes>): Hex {
  return pointBytes(point.toAffine());
}

function negated(signature: Uint8Array): Hex {
  return plain(G2.fromBytes(signature).negate());
}

/** A signature with a point added that is on the curve but outside of the group. */
function shifted(signature: Uint8Array): Hex {
  return plain(G2.fromBytes(signature).add(strayPoint()));
}

function outsideOfG2(): Hex {
  return plain(strayPoint());
}

/** A point of the twist that is not of the group: nearly all are. */
function strayPoint(): ReturnType<typeof G2.fromBytes> {
  for (let real = 1n; ; real++) {
    const x = Fp2.fromBigTuple([real, 0n]);
    const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), G2.CURVE().b);
    try {
      const point = G2.fromAffine({ x, y: Fp2.sqrt(square) });
      if (!point.isTorsionFree()) return point;
    } catch {}
  }
}
