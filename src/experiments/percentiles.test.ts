import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { percentiles } from './percentiles.ts';

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at + 1);

describe('percentiles', () => {
  it.each<readonly [readonly number[], readonly [number, number, number, number]]>([
    [[], [0, 0, 0, 0]],
    [[7], [7, 7, 7, 7]],
    [
      [1, 2],
      [1, 2, 2, 2],
    ],
    // The example of the nearest-rank rule: ranks ceil(0.5 * 5) = 3 and ceil(0.95 * 5) = 5.
    [
      [15, 20, 35, 40, 50],
      [35, 50, 50, 50],
    ],
    [upTo(20), [10, 19, 20, 20]],
    [upTo(100), [50, 95, 99, 100]],
    [upTo(101), [51, 96, 100, 101]],
    [upTo(1_000), [500, 950, 990, 1_000]],
  ])('of %j are the values of the nearest rank', (values, [p50, p95, p99, max]) => {
    expect(percentiles(values)).toEqual({ p50, p95, p99, max, count: values.length });
    expect(percentiles(values.toReversed())).toEqual({ p50, p95, p99, max, count: values.length });
  });

  it('sorts as numbers and leaves the sample as it was', () => {
    const values = [100, 9, 20];
    expect(percentiles(values).p50).toBe(20);
    expect(values).toEqual([100, 9, 20]);
  });

  it('are values of the sample, at most as many of which lie below as their share', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }), (values) => {
        const { p50, p95, p99, max } = percentiles(values);
        for (const [value, share] of [
          [p50, 0.5],
          [p95, 0.95],
          [p99, 0.99],
          [max, 1],
        ] as const) {
          expect(values).toContain(value);
          expect(values.filter((other) => other <= value).length).toBeGreaterThanOrEqual(share * values.length);
          expect(values.filter((other) => other < value).length).toBeLessThan(share * values.length);
        }
      }),
      { numRuns: 200, seed: 1 },
    );
  });
});
