import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BASE_TIMEOUT_MICROS_MAX, PACE_SAMPLES_MAX, ROUNDS_BEHIND_MAX } from '../limits.ts';
import { stretchedBaseMicros } from './pbft/timeouts.ts';
import { RoundPace } from './round-pace.ts';

const MIN = 100_000;

/** A height whose round 0 decides after so long. */
function decide(pace: RoundPace, tookMicros: number): void {
  pace.begin(true);
  pace.noteTimer(0, 1_000);
  pace.noteDecision(0, 1_000 + tookMicros);
}

function baseAfter(...samples: readonly number[]): number {
  const pace = new RoundPace(MIN);
  for (const sample of samples) decide(pace, sample);
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
        decide(pace, sample);
        if (done() || heights > 100) return heights;
      }
    };
    for (let height = 0; height < 50; height++) decide(pace, 15_000);
    expect(until(900_000, () => pace.baseTimeoutMicros >= 900_000)).toBeLessThan(6);
    expect(pace.baseTimeoutMicros).toBe(2_700_000);
    expect(until(15_000, () => pace.baseTimeoutMicros === MIN)).toBeLessThan(20);
  });

  it('measures the round that decided from its own beginning, though the node has gone on to the next', () => {
    const pace = new RoundPace(MIN);
    for (let height = 0; height < 4; height++) {
      pace.begin(false);
      pace.noteTimer(0, 0); // The idle height.
      pace.noteTimer(0, 50_000);
      pace.noteTimer(1, 150_000);
      pace.noteTimer(1, 300_000);
      pace.noteDecision(0, 350_000);
    }
    expect(pace.baseTimeoutMicros, 'three times 300 ms').toBe(900_000);
  });

  it('measures a round from when it opened, and nothing where it saw no beginning', () => {
    const pace = new RoundPace(MIN);
    const height = (round: number): void => {
      pace.begin(true);
      pace.noteTimer(0, 0);
      pace.noteTimer(1, 100_000); // Entered,
      pace.noteTimer(1, 200_000); // and open.
      pace.noteDecision(round, 400_000);
    };
    for (let count = 0; count < 16; count++) height(2);
    expect(pace.baseTimeoutMicros).toBe(MIN);
    for (let count = 0; count < 16; count++) height(1);
    expect(pace.baseTimeoutMicros).toBe(600_000);
    pace.begin(false);
    pace.noteTimer(0, 0);
    pace.noteDecision(0, 10_000_000);
    expect(pace.baseTimeoutMicros, 'an idle height').toBe(600_000);
  });

  it('forgets rounds whose votes are not kept', () => {
    const pace = new RoundPace(MIN);
    for (let count = 0; count < 4; count++) {
      pace.begin(true);
      for (let round = 0; round <= ROUNDS_BEHIND_MAX + 1; round++) pace.noteTimer(round, 100_000 * round);
      pace.noteDecision(0, 9_000_000);
    }
    expect(pace.baseTimeoutMicros).toBe(MIN);
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
