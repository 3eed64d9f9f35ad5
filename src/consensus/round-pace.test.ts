import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BASE_TIMEOUT_MICROS_MAX, PACE_SAMPLES_MAX } from '../limits.ts';
import { stretchedBaseMicros } from './pbft/timeouts.ts';
import { RoundPace } from './round-pace.ts';

const MIN = 100_000;

function baseAfter(...samples: readonly number[]): number {
  const pace = new RoundPace(MIN);
  for (const sample of samples) pace.note(sample);
  return pace.baseTimeoutMicros;
}

describe('the base of the timeouts (rule 14)', () => {
  it('is the configured one on a fast network, and before anything is known', () => {
    expect(baseAfter()).toBe(MIN);
    expect(baseAfter(900_000, 900_000)).toBe(MIN);
    expect(baseAfter(...Array.from({ length: 20 }, () => 5_000))).toBe(MIN);
  });

  it('follows a step from 5 ms to 300 ms in fewer than twenty heights, and comes down again', () => {
    const pace = new RoundPace(MIN);
    const until = (sample: number, done: () => boolean): number => {
      for (let heights = 1; ; heights++) {
        pace.note(sample);
        if (done() || heights > 100) return heights;
      }
    };
    for (let height = 0; height < 50; height++) pace.note(15_000);
    expect(until(900_000, () => pace.baseTimeoutMicros >= 900_000)).toBeLessThan(6);
    expect(pace.baseTimeoutMicros).toBe(2_700_000);
    expect(until(15_000, () => pace.baseTimeoutMicros === MIN)).toBeLessThan(20);
  });

  it('is not moved by three slow heights in a row', () => {
    expect(baseAfter(...Array.from({ length: 13 }, () => 20_000), 60_000_000, 60_000_000, 60_000_000)).toBe(MIN);
  });

  it('stays between the configured base and the maximum, whatever was measured', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100_000_000), { maxLength: 2 * PACE_SAMPLES_MAX }), (samples) => {
        const base = baseAfter(...samples);
        expect(base).toBeGreaterThanOrEqual(MIN);
        expect(base).toBeLessThanOrEqual(BASE_TIMEOUT_MICROS_MAX);
      }),
      { seed: 3 },
    );
    expect(new RoundPace(2 * BASE_TIMEOUT_MICROS_MAX).baseTimeoutMicros, 'what the chain says goes first').toBe(
      2 * BASE_TIMEOUT_MICROS_MAX,
    );
  });

  it('is doubled when f+1 rounds of the longest time ran out, up to the maximum', () => {
    const stretched = [0, 1, 2, 3, 4, 6, 1_000].map((exhausted) => stretchedBaseMicros(MIN, { exhausted, faults: 1 }));
    expect(stretched).toEqual([MIN, MIN, 2 * MIN, 2 * MIN, 4 * MIN, 8 * MIN, BASE_TIMEOUT_MICROS_MAX]);
    expect(stretchedBaseMicros(MIN, { exhausted: 32, faults: 32 })).toBe(MIN);
    expect(stretchedBaseMicros(3 * BASE_TIMEOUT_MICROS_MAX, { exhausted: 9, faults: 1 })).toBe(3 * BASE_TIMEOUT_MICROS_MAX);
  });
});
