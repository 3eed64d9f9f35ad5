import { type EVMBLSInterface, NobleBLS } from '@ethereumjs/evm';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, keccak256, toHex } from '../../../crypto/index.ts';
import { blsPrecompiles } from './bls-precompiles.ts';

const library = new NobleBLS();
const { Fp2 } = bls12_381.fields;
const G1 = bls12_381.G1.Point;
const G2 = bls12_381.G2.Point;
const MODULUS = bls12_381.fields.Fp.ORDER;
const ORDER = bls12_381.fields.Fr.ORDER;

type Operation = Exclude<keyof EVMBLSInterface, 'init'>;

const G1_INFINITY = '00'.repeat(128);
const G2_INFINITY = '00'.repeat(256);
const random = (seed: string) => BigInt(toHex(keccak256(new TextEncoder().encode(seed)))) % ORDER;
const g1 = (seed: string) => g1Bytes(G1.BASE.multiply(random(seed)).toAffine());
const g2 = (seed: string) => g2Bytes(G2.BASE.multiply(random(seed)).toAffine());
/** On the curve, of order 3. */
const SMALL_ORDER = g1Bytes({ x: 0n, y: 2n });
const SMALL_ORDER_NEGATED = g1Bytes({ x: 0n, y: MODULUS - 2n });
const OUTSIDE_OF_G2 = outsideOfG2();
const EXCEPTION = bls12_381.fields.Fp.sqrt(bls12_381.fields.Fp.neg(bls12_381.fields.Fp.inv(11n)));
const INTO_INFINITY = 0x1377c0192d99508a317127abf17c64205c7aad448380027efb47ae73ea231dbd6ecd3f2841b63d309c35bb8fd13e48f0n;
const scalar = (value: bigint) => value.toString(16).padStart(64, '0');

/** Points of G1 and G2 as callers may give them, good and bad, by what is the matter with them. */
const g1Points: Record<string, string> = {
  good: g1('one'),
  another: g1('two'),
  infinity: G1_INFINITY,
  'of order 3': SMALL_ORDER,
  'of order 3, negated': SMALL_ORDER_NEGATED,
  'off the curve': coordinate(1n) + coordinate(1n),
  'x = y = 0 but for one bit': `${'00'.repeat(127)}01`,
  'x not reduced': coordinate(MODULUS) + coordinate(2n),
  'x far from reduced': `${'00'.repeat(16)}${'ff'.repeat(48)}${coordinate(2n)}`,
  'y not reduced': coordinate(0n) + coordinate(MODULUS + 2n),
};
const g2Points: Record<string, string> = {
  good: g2('one'),
  another: g2('two'),
  infinity: G2_INFINITY,
  'outside of the group': OUTSIDE_OF_G2,
  'off the curve': coordinate(1n).repeat(4),
  'x0 not reduced': coordinate(MODULUS) + g2('one').slice(128),
  'y1 not reduced': g2('one').slice(0, 384) + coordinate(MODULUS),
  'y1 far from reduced': `${g2('one').slice(0, 384)}${'00'.repeat(16)}${'ff'.repeat(48)}`,
};
const scalars = [0n, 1n, 2n, ORDER - 1n, ORDER, ORDER + 1n, (1n << 256n) - 1n, random('scalar')];

describe('the precompiles of BLS12-381', () => {
  it('add points as the library does, good and bad', () => {
    for (const [left, right] of pairsOf(Object.entries(g1Points))) compare('addG1', [left, right]);
    compare('addG1', [
      ['good', g1('one')],
      ['its negation', g1Bytes(G1.BASE.multiply(random('one')).negate().toAffine())],
    ]);
    for (const [left, right] of pairsOf(Object.entries(g2Points))) compare('addG2', [left, right]);
    compare('addG2', [
      ['good', g2('one')],
      ['its negation', g2Bytes(G2.BASE.multiply(random('one')).negate().toAffine())],
    ]);
  });

  it('multiply points as the library does, good and bad', () => {
    for (const [name, point] of Object.entries(g1Points)) {
      for (const factor of name === 'good' ? scalars : [7n]) compare('msmG1', [[name, point + scalar(factor)]]);
    }
    for (const [name, point] of Object.entries(g2Points)) {
      for (const factor of name === 'good' ? scalars : [7n]) compare('msmG2', [[name, point + scalar(factor)]]);
    }
    const cancelling = [g1('one') + scalar(5n), g1('one') + scalar(ORDER - 5n)];
    compare(
      'msmG1',
      cancelling.map((input) => ['cancelling', input]),
    );
  });

  it('multiply more points than are multiplied at once', () => {
    for (const count of [2, 31, 32, 33, 70]) {
      const names = Array.from({ length: count }, (_, index) => `${count} ${index}`);
      // Few different points and small factors: the library takes milliseconds for each.
      compare(
        'msmG1',
        names.map((name, index) => [name, g1(`point ${index % 3}`) + scalar(BigInt(index % 5))]),
      );
    }
    compare(
      'msmG2',
      Array.from({ length: 40 }, (_, index) => [`${index}`, g2('one') + scalar(BigInt(index % 3))]),
    );
    // As many as the gas of a transaction pays for, and a bad one among them.
    const many = fromHex((g1('one') + scalar(ORDER - 1n)).repeat(4_000));
    expect(outcome(blsPrecompiles, 'msmG1', many)).toBe(
      outcome(blsPrecompiles, 'msmG1', fromHex(g1('one') + scalar(ORDER - 4_000n))),
    );
    const bad = fromHex((g1('one') + scalar(1n)).repeat(100) + SMALL_ORDER + scalar(1n));
    expect(outcome(blsPrecompiles, 'msmG1', bad)).toBe('refused');
  });

  it('map field elements as the library does', () => {
    // The last two: 11 u^4 + u^2 = 0, where the map divides by zero, and one of the 16 that the isogeny takes to infinity.
    const values = [0n, 1n, 2n, MODULUS - 1n, MODULUS, (1n << 384n) - 1n, random('element'), EXCEPTION, INTO_INFINITY];
    for (const value of values) compare('mapFPtoG1', [[`${value}`, coordinate(value)]]);
    expect(compare('mapFPtoG1', [['into infinity', coordinate(INTO_INFINITY)]])).toBe(`0x${G1_INFINITY}`);
    for (const [left, right] of [...pairsOf(values.map((value): [string, bigint] => [`${value}`, value]))].slice(0, 20)) {
      compare('mapFP2toG2', [
        [left[0], coordinate(left[1])],
        [right[0], coordinate(right[1])],
      ]);
    }
  });

  it('check pairings as the library does, good and bad', () => {
    const negated = g1Bytes(G1.BASE.negate().toAffine());
    const factor = random('factor');
    const balanced: [string, string][] = [
      ['-g1, f g2', negated + g2Bytes(G2.BASE.multiply(factor).toAffine())],
      ['f g1, g2', g1Bytes(G1.BASE.multiply(factor).toAffine()) + g2Bytes(G2.BASE.toAffine())],
    ];
    expect(compare('pairingCheck', balanced)).toBe(`0x${scalar(1n)}`);
    expect(compare('pairingCheck', [...balanced, ['infinity', G1_INFINITY + g2('one')]])).toBe(`0x${scalar(1n)}`);
    expect(compare('pairingCheck', [['infinity', G1_INFINITY + G2_INFINITY]])).toBe(`0x${scalar(1n)}`);
    expect(compare('pairingCheck', [...balanced, ['one more', g1('one') + g2('two')]])).toBe(`0x${scalar(0n)}`);
    for (const [name, point] of Object.entries(g1Points)) compare('pairingCheck', [[name, point + g2('one')]]);
    for (const [name, point] of Object.entries(g2Points)) compare('pairingCheck', [[name, g1('one') + point]]);
    compare('pairingCheck', [['both outside of their groups', SMALL_ORDER + OUTSIDE_OF_G2]]);
    compare('pairingCheck', [['infinity and outside', G1_INFINITY + OUTSIDE_OF_G2]]);
  });

  it('answer random multiples and sums as the library does', () => {
    const factor = fc.bigInt({ min: 0n, max: (1n << 256n) - 1n });
    fc.assert(
      fc.property(factor, factor, (left, right) => {
        const point = compare('msmG1', [[`${left}`, g1('one') + scalar(left)]]);
        const other = compare('msmG1', [[`${right}`, g1('two') + scalar(right)]]);
        compare('addG1', [
          ['left', point.slice(2)],
          ['right', other.slice(2)],
        ]);
      }),
      { numRuns: 20 },
    );
  });

  it('are as they were after anything that was refused', () => {
    const before = outcome(blsPrecompiles, 'msmG1', fromHex(g1('one') + scalar(3n)));
    for (let round = 0; round < 2_000; round++) {
      for (const bad of ['off the curve', 'x not reduced', 'of order 3']) {
        expect(outcome(blsPrecompiles, 'msmG1', fromHex(`${g1Points[bad]}${scalar(3n)}`))).toBe('refused');
      }
    }
    expect(outcome(blsPrecompiles, 'msmG1', fromHex(g1('one') + scalar(3n)))).toBe(before);
  });
});

type Named<T> = readonly [string, T];

function* pairsOf<T>(all: readonly Named<T>[]): Generator<readonly [Named<T>, Named<T>]> {
  for (const left of all) for (const right of all) yield [left, right];
}

/** Asks both; returns what they agree on. */
function compare(operation: Operation, parts: readonly Named<string>[]): string {
  const input = fromHex(parts.map(([, hex]) => hex).join(''));
  const [ours, theirs] = [blsPrecompiles, library].map((curve) => outcome(curve, operation, input));
  const names = parts.map(([name]) => name).slice(0, 4);
  expect([operation, names, ours]).toEqual([operation, names, theirs]);
  return ours as string;
}

function outcome(curve: EVMBLSInterface, operation: Operation, input: Uint8Array): string {
  try {
    return toHex(curve[operation](input));
  } catch {
    return 'refused';
  }
}

function coordinate(value: bigint): string {
  return value.toString(16).padStart(128, '0');
}

function g1Bytes({ x, y }: { readonly x: bigint; readonly y: bigint }): string {
  return coordinate(x) + coordinate(y);
}

interface Pair {
  readonly c0: bigint;
  readonly c1: bigint;
}

function g2Bytes({ x, y }: { readonly x: Pair; readonly y: Pair }): string {
  return [x.c0, x.c1, y.c0, y.c1].map(coordinate).join('');
}

/** A point of the twist that is not of the group: nearly all are. */
function outsideOfG2(): string {
  for (let real = 1n; ; real++) {
    const x = Fp2.fromBigTuple([real, 0n]);
    const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), G2.CURVE().b);
    try {
      const y = Fp2.sqrt(square);
      if (!G2.fromAffine({ x, y }).isTorsionFree()) return g2Bytes({ x, y });
    } catch {}
  }
}
