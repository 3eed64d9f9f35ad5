import { readFileSync } from 'node:fs';
import path from 'node:path';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { nativeBlsCurve } from '../environment/host/index.ts';
import type { BlsCurve } from './bls-curve.ts';
import { blsCurve } from './bls-lent.ts';
import { nobleCurve } from './bls-noble.ts';
import {
  aggregatePublicKeys,
  aggregateSignatures,
  blsKeyFrom,
  cryptoErrors,
  fromEip2537G1,
  fromEip2537G2,
  fromHex,
  isBelowThreshold,
  keccak256,
  lendBlsCurve,
  type PossessionContext,
  possessionDigest,
  provePossession,
  proveVrf,
  toEip2537G1,
  toEip2537G2,
  toHex,
  verifyAggregate,
  verifyBls,
  verifyPossession,
  verifyVrf,
  vrfOutput,
  vrfThreshold,
} from './index.ts';

const native = nativeBlsCurve();
const curves: readonly BlsCurve[] = native === undefined ? [nobleCurve] : [nobleCurve, native];
const G1 = bls12_381.G1.Point;
const G2 = bls12_381.G2.Point;
const MODULUS = bls12_381.fields.Fp.ORDER;

const digestOf = (text: string) => keccak256(new TextEncoder().encode(text));
const keyOf = (name: string) => blsKeyFrom(digestOf(name));
const digest = digestOf('a result');

afterEach(() => lendBlsCurve(() => undefined));

/** Runs the work with each implementation that this machine has, and returns what each gave. */
function withEach<T>(work: () => T): T[] {
  return curves.map((curve) => {
    lendBlsCurve(() => curve);
    expect(blsCurve()).toBe(curve);
    return work();
  });
}

describe('a BLS key', () => {
  it('is the one that other libraries make of a seed', () => {
    // EIP-2333, test case 0: the master key is KeyGen of the seed.
    const seed = fromHex(
      'c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04',
    );
    const secret = 6083874454709270928345386274498605044986640685124978867557563392430687146096n;
    for (const key of withEach(() => blsKeyFrom(seed))) expect(BigInt(toHex(key.secret))).toBe(secret);
    expect(() => blsKeyFrom(new Uint8Array(31))).toThrow(expect.objectContaining({ code: 'CRYPTO_BLS_SEED_INVALID' }));
  });

  it('signs as the ciphersuite has it', () => {
    // From the tests of Ethereum's consensus specification (bls/sign).
    const secret = fromHex('263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3');
    for (const curve of curves) {
      expect(toHex(curve.publicKeyOf(secret))).toBe(
        '0xa491d1b0ecd9bb917989f0e74f0dea0422eac4a873e5e2644f368dffb9a6e20fd6e10c1b77654d067c0618f6e5a7f79a',
      );
      expect(toHex(curve.sign(secret, new Uint8Array(32).fill(0x56)))).toBe(
        '0x882730e5d03f6b42c3abc26d3372625034e1d871b65a8a6b900a56dae22da98abbe1b68f85e49fe7652a55ec3d0591c20767677e33e5cbb1207315c41a9ac03be39c2e7668edc043d6cb1d9fd93033caa8a1c5b0e84bedaeb6c64972503a43eb',
      );
      expect(toHex(curve.sign(secret, new Uint8Array(32)))).toBe(
        '0xb6ed936746e01f8ecf281f020953fbf1f01debd5657c4a383940b020b26507f6076334f91e2366c96e9ab279fb5158090352ea1c5b0c9274504f4f0e7053af24802e51e4568d164fe986834f41e55c8e850ce1f98458c0cfc9ab380b55285a55',
      );
    }
  });

  it('signs and checks digests only', () => {
    const invalid = expect.objectContaining({ code: 'CRYPTO_BLS_MESSAGE_INVALID' });
    const key = keyOf('one');
    expect(() => key.sign(new Uint8Array(31))).toThrow(invalid);
    expect(() => verifyBls(key.publicKey, new Uint8Array(33), key.sign(digest))).toThrow(invalid);
  });
});

describe('both implementations', () => {
  it('are here: this machine has a binary', () => {
    expect(curves.map(({ name }) => name)).toEqual(['noble', 'blst']);
  });

  it('give the same keys, signatures and sums', () => {
    const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(fc.array(bytes32, { minLength: 2, maxLength: 3 }), bytes32, (seeds, message) => {
        const results = withEach(() => {
          const keys = seeds.map(blsKeyFrom);
          const signatures = keys.map((key) => key.sign(message));
          const publicKeys = keys.map(({ publicKey }) => publicKey);
          const sum = aggregateSignatures(signatures);
          const backwards = aggregateSignatures([...signatures].reverse());
          expect(backwards).toEqual(sum);
          return [publicKeys, signatures, sum, aggregatePublicKeys(publicKeys), publicKeys.map(toEip2537G1), toEip2537G2(sum)];
        });
        expect(results[1]).toEqual(results[0]);
      }),
      { numRuns: 8 },
    );
  });

  it('accept what was signed and nothing else', () => {
    const keys = ['one', 'two', 'three'].map(keyOf);
    const publicKeys = keys.map(({ publicKey }) => publicKey);
    const sum = aggregateSignatures(keys.map((key) => key.sign(digest)));
    const one = keys[0]?.sign(digest) as Uint8Array;
    const questions: [readonly Uint8Array[], Uint8Array, Uint8Array, boolean][] = [
      [publicKeys, digest, sum, true],
      [[...publicKeys].reverse(), digest, sum, true],
      [publicKeys.slice(0, 1), digest, one, true],
      [publicKeys.slice(0, 2), digest, sum, false],
      [[...publicKeys, publicKeys[0] as Uint8Array], digest, sum, false],
      [publicKeys, digestOf('another result'), sum, false],
      [publicKeys, digest, one, false],
      [publicKeys.slice(1, 2), digest, one, false],
      [[], digest, sum, false],
    ];
    for (const curve of curves) {
      for (const [who, message, signature, expected] of questions) {
        if (who.length > 0) expect(curve.verify(who, message, signature)).toBe(expected);
        expect(verifyAggregate(who, message, signature)).toBe(expected);
      }
    }
  });

  it('refuse a signature with any bit changed', () => {
    const key = keyOf('one');
    const signature = key.sign(digest);
    fc.assert(
      fc.property(fc.nat(8 * 96 - 1), (bit) => {
        const changed = Uint8Array.from(signature);
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        const answers = curves.map((curve) => answerOf(() => curve.verify([key.publicKey], digest, changed)));
        expect(answers).not.toContain(true);
        expect(verifyBls(key.publicKey, digest, changed)).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  it('refuse the same points', () => {
    for (const curve of curves) {
      const good = keyOf('one');
      for (const [name, key] of Object.entries(badKeys())) {
        expect([name, answerOf(() => curve.restatePublicKey(key))]).toEqual([name, 'refused']);
        expect([name, answerOf(() => curve.verify([key], digest, good.sign(digest)))]).toEqual([name, 'refused']);
        expect([name, answerOf(() => curve.addPublicKeys([good.publicKey, key]))]).toEqual([name, 'refused']);
      }
      for (const [name, signature] of Object.entries(badSignatures())) {
        expect([name, answerOf(() => curve.restateSignature(signature))]).toEqual([name, 'refused']);
        expect([name, answerOf(() => curve.verify([good.publicKey], digest, signature))]).toEqual([name, 'refused']);
        expect([name, answerOf(() => curve.addSignatures([good.sign(digest), signature]))]).toEqual([name, 'refused']);
      }
    }
  });

  it('take keys that cancel each other out for none', () => {
    const key = keyOf('one');
    const negated = G1.fromBytes(key.publicKey).negate().toBytes(true);
    const signature = key.sign(digest);
    const opposite = G2.fromBytes(signature).negate().toBytes(true);
    withEach(() => {
      expect(verifyAggregate([key.publicKey, negated], digest, signature)).toBe(false);
      expect(() => aggregatePublicKeys([key.publicKey, negated])).toThrow(
        expect.objectContaining({ code: 'CRYPTO_BLS_KEY_INVALID' }),
      );
      expect(() => aggregateSignatures([signature, opposite])).toThrow(
        expect.objectContaining({ code: 'CRYPTO_BLS_SIGNATURE_INVALID' }),
      );
      expect(answerOf(() => blsCurve().verify([key.publicKey, negated], digest, infinity(96)))).not.toBe(true);
    });
  });
});

describe('bytes that are no points', () => {
  it('are told of with a code, and verify nothing', () => {
    const { publicKey, sign } = keyOf('one');
    const signature = sign(digest);
    const badKey = expect.objectContaining({ code: 'CRYPTO_BLS_KEY_INVALID' });
    const badSignature = expect.objectContaining({ code: 'CRYPTO_BLS_SIGNATURE_INVALID' });
    withEach(() => {
      for (const key of Object.values(badKeys())) {
        expect(() => toEip2537G1(key)).toThrow(badKey);
        expect(() => aggregatePublicKeys([publicKey, key])).toThrow(badKey);
        expect(verifyBls(key, digest, signature)).toBe(false);
      }
      for (const bad of Object.values(badSignatures())) {
        expect(() => toEip2537G2(bad)).toThrow(badSignature);
        expect(() => aggregateSignatures([signature, bad])).toThrow(badSignature);
        expect(() => vrfOutput(bad)).toThrow(badSignature);
        expect(verifyBls(publicKey, digest, bad)).toBe(false);
      }
    });
    const nothing = expect.objectContaining({ code: 'CRYPTO_BLS_NOTHING_TO_ADD' });
    expect(() => aggregateSignatures([])).toThrow(nothing);
    expect(() => aggregatePublicKeys([])).toThrow(nothing);
  });
});

describe("a contract's form of points", () => {
  it('leads back to the same key and signature', () => {
    const key = keyOf('one');
    const signature = key.sign(digest);
    withEach(() => {
      expect(fromEip2537G1(toEip2537G1(key.publicKey))).toEqual(key.publicKey);
      expect(fromEip2537G2(toEip2537G2(signature))).toEqual(signature);
    });
    const { x, y } = G2.fromBytes(signature).toAffine();
    const words = [x.c0, x.c1, y.c0, y.c1].map((part) => part.toString(16).padStart(128, '0'));
    expect(toHex(toEip2537G2(signature))).toBe(`0x${words.join('')}`);
  });

  it('is one for each point', () => {
    const key = toEip2537G1(keyOf('one').publicKey);
    const padded = Uint8Array.from(key);
    padded[0] = 1;
    const unreduced = fromHex(
      (BigInt(toHex(key.subarray(0, 64))) + MODULUS).toString(16).padStart(128, '0') + toHex(key.subarray(64)).slice(2),
    );
    const invalid = expect.objectContaining({ code: 'CRYPTO_BLS_KEY_INVALID' });
    withEach(() => {
      for (const bad of [padded, unreduced, key.subarray(1), new Uint8Array(128), new Uint8Array(0), new Uint8Array(256)]) {
        expect(() => fromEip2537G1(bad)).toThrow(invalid);
      }
      expect(() => fromEip2537G2(new Uint8Array(256))).toThrow(expect.objectContaining({ code: 'CRYPTO_BLS_SIGNATURE_INVALID' }));
    });
  });
});

describe('the proof of possession', () => {
  const context: PossessionContext = {
    chainId: 7400,
    registry: '0x00000000000000000000000000000000000000aa',
    node: '0x00000000000000000000000000000000000000bb',
  };

  it('stops a key that cancels the others out', () => {
    const victims = ['one', 'two', 'three'].map(keyOf);
    const mine = keyOf('attacker');
    const others = aggregatePublicKeys(victims.map(({ publicKey }) => publicKey));
    const rogue = G1.fromBytes(mine.publicKey).subtract(G1.fromBytes(others)).toBytes(true);
    const everybody = [...victims.map(({ publicKey }) => publicKey), rogue];
    // The attack works where nobody asks for a proof: the attacker alone signs for all.
    for (const curve of curves) expect(curve.verify(everybody, digest, mine.sign(digest))).toBe(true);
    expect(verifyAggregate(everybody, digest, mine.sign(digest))).toBe(true);
    const forged = mine.sign(possessionDigest(rogue, context));
    const copied = provePossession(mine, context);
    for (const proof of [forged, copied]) expect(verifyPossession(rogue, proof, context)).toBe(false);
  });

  it('is good for one chain, registry, node and key', () => {
    const key = keyOf('one');
    const proof = provePossession(key, context);
    expect(verifyPossession(key.publicKey, proof, context)).toBe(true);
    const elsewhere: PossessionContext[] = [
      { ...context, chainId: 7401 },
      { ...context, registry: context.node },
      { ...context, node: context.registry },
    ];
    for (const other of elsewhere) expect(verifyPossession(key.publicKey, proof, other)).toBe(false);
    expect(verifyPossession(keyOf('two').publicKey, proof, context)).toBe(false);
  });
});

describe('the verifiable random function', () => {
  it('has one output per key and input, which others can check', () => {
    const key = keyOf('one');
    const proof = proveVrf(key, digest);
    expect(verifyVrf(key.publicKey, digest, proof)).toBe(true);
    expect(verifyVrf(keyOf('two').publicKey, digest, proof)).toBe(false);
    expect(verifyVrf(key.publicKey, digestOf('another term'), proof)).toBe(false);
    expect(vrfOutput(proof)).toEqual(keccak256(toEip2537G2(proof)));
    expect(vrfOutput(proveVrf(key, digestOf('another term')))).not.toEqual(vrfOutput(proof));
  });

  it('has a threshold that lets through as many as it should on average', () => {
    expect(vrfThreshold(1, 4)).toBe(1n << 254n);
    expect(vrfThreshold(1, 3)).toBe((1n << 256n) / 3n);
    expect(vrfThreshold(4, 4)).toBe((1n << 256n) - 1n);
    expect(vrfThreshold(5, 4)).toBe((1n << 256n) - 1n);
    const quarter = fromHex((1n << 254n).toString(16).padStart(64, '0'));
    expect(isBelowThreshold(quarter, 1, 4)).toBe(false);
    const below = fromHex(((1n << 254n) - 1n).toString(16).padStart(64, '0'));
    expect(isBelowThreshold(below, 1, 4)).toBe(true);
    lendBlsCurve(nativeBlsCurve);
    const wins = Array.from({ length: 400 }, (_, index) => vrfOutput(proveVrf(keyOf('one'), digestOf(`term ${index}`)))).filter(
      (output) => isBelowThreshold(output, 1, 4),
    ).length;
    // 400 draws of a quarter: 100 with a deviation of 8.7.
    expect(wins).toBeGreaterThan(65);
    expect(wins).toBeLessThan(135);
  });
});

it('the page of error codes says what the code says', () => {
  const page = readFileSync(path.join(import.meta.dirname, '../../docs/reference/errors/crypto.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| (.+) \| (.+) \|$/gm)].map(([, code, summary, action]) => [
    code,
    { summary, action },
  ]);
  expect(Object.fromEntries(rows)).toEqual(cryptoErrors);
});

function answerOf(work: () => unknown): unknown {
  try {
    return work();
  } catch {
    return 'refused';
  }
}

function infinity(lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  bytes[0] = 0xc0;
  return bytes;
}

/** What nobody's public key is, by why. */
function badKeys(): Record<string, Uint8Array> {
  const good = keyOf('one').publicKey;
  return {
    ...badEncodings(good),
    // x = 0, y = 2: on the curve, of order 3.
    'outside of the group': Uint8Array.from({ length: 48 }, (_, index) => (index === 0 ? 0x80 : 0)),
    'off the curve': offTheCurve(48),
  };
}

function badSignatures(): Record<string, Uint8Array> {
  return {
    ...badEncodings(keyOf('one').sign(digest)),
    'outside of the group': outsideOfG2(),
    'off the curve': offTheCurve(96),
  };
}

function badEncodings(good: Uint8Array): Record<string, Uint8Array> {
  const flags = (bits: number) => Uint8Array.from(good, (byte, index) => (index === 0 ? (byte & 0x1f) | bits : byte));
  const unreduced = new Uint8Array(good.length);
  unreduced.set(fromHex(MODULUS.toString(16).padStart(96, '0')), good.length - 48);
  unreduced[0] = (unreduced[0] as number) | 0x80;
  return {
    empty: new Uint8Array(0),
    zeros: new Uint8Array(good.length),
    infinity: infinity(good.length),
    'infinity with something in it': Uint8Array.from(infinity(good.length), (byte, index) => (index === 5 ? 1 : byte)),
    'marked as plain': flags(0),
    'marked as infinity': flags(0xc0),
    'a coordinate not reduced': unreduced,
    'a byte short': good.subarray(1),
    'a byte long': Uint8Array.of(...good, 0),
  };
}

/** Small x coordinates until one has no y. */
function offTheCurve(lengthBytes: number): Uint8Array {
  for (let x = 1; ; x++) {
    const bytes = new Uint8Array(lengthBytes);
    bytes[0] = 0x80;
    bytes[lengthBytes - 1] = x;
    const decode = () => (lengthBytes === 48 ? G1 : G2).fromBytes(bytes);
    try {
      decode();
    } catch (error) {
      // Others exist but are not in the group.
      if (!String(error).includes('subgroup')) return bytes;
    }
  }
}

/** A point of the twist that is not of the group: nearly all are. */
function outsideOfG2(): Uint8Array {
  const { Fp2 } = bls12_381.fields;
  const b = G2.CURVE().b;
  for (let real = 1n; ; real++) {
    const x = Fp2.fromBigTuple([real, 0n]);
    const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), b);
    try {
      const point = G2.fromAffine({ x, y: Fp2.sqrt(square) });
      if (!point.isTorsionFree()) return encode(x, Fp2.sqrt(square));
    } catch {}
  }
}

function encode(x: { readonly c0: bigint; readonly c1: bigint }, y: { readonly c0: bigint; readonly c1: bigint }): Uint8Array {
  const bytes = fromHex(x.c1.toString(16).padStart(96, '0') + x.c0.toString(16).padStart(96, '0'));
  const larger = y.c1 === 0n ? y.c0 > (MODULUS - 1n) / 2n : y.c1 > (MODULUS - 1n) / 2n;
  bytes[0] = (bytes[0] as number) | 0x80 | (larger ? 0x20 : 0);
  return bytes;
}
