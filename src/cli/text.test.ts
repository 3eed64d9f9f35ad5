import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAmount } from '../experiments/index.ts';
import { groundDistanceM } from './ground-distance.ts';
import { showCount, showDistance, showDuration, showInstant, showWei, showWhen } from './text.ts';

describe('amounts', () => {
  it('are exact, in the unit that suits them', () => {
    const cases = {
      0: '0 wei',
      999: '999 wei',
      1000000000: '1 gwei',
      1500000000: '1.5 gwei',
      1e14: '100000 gwei',
      1e15: '0.001 ether',
    };
    for (const [wei, text] of Object.entries(cases)) expect(showWei(BigInt(wei))).toBe(text);
    expect(showWei(1_234_567_890_123_456_789n)).toBe('1.234567890123456789 ether');
    expect(showWei(-1_500_000_000n)).toBe('-1.5 gwei');
  });

  it('can be given back to a command as they are shown', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 10n ** 27n }), (wei) => void expect(parseAmount(showWei(wei))).toBe(wei)));
  });
});

describe('times', () => {
  it('are ISO 8601 in UTC, and tell how far they are', () => {
    const now = Date.UTC(2026, 0, 2, 3, 4, 5);
    expect(showInstant(now)).toBe('2026-01-02T03:04:05Z');
    expect(showWhen(now + 3_599_600, now)).toBe('2026-01-02T04:04:04Z (in 1 h)');
    expect(showWhen(now - 90_000, now)).toBe('2026-01-02T03:02:35Z (1 min 30 s ago)');
    expect(showInstant(1e20)).toBe('100000000000000000000 ms');
  });

  it.each([
    [0, '0 s'],
    [12_400, '12 s'],
    [60_000, '1 min'],
    [3_661_000, '1 h 1 min'],
    [90_000_000, '1 d 1 h'],
    [86_400_000 * 730, '730 d'],
  ])('%i ms is %s', (ms, text) => {
    expect(showDuration(ms)).toBe(text);
  });
});

describe('distances and counts', () => {
  it('are in metres below a kilometre', () => {
    expect([12.4, 999, 1_234, 123_456].map(showDistance)).toEqual(['12 m', '999 m', '1.23 km', '123.5 km']);
    expect([showCount(1, 'node'), showCount(2n, 'match', 'matches'), showCount(0, 'node')]).toEqual([
      '1 node',
      '2 matches',
      '0 nodes',
    ]);
  });

  it('over the ground follow the sphere', () => {
    const at = (latitudeE6: number, longitudeE6: number) => ({ latitudeE6, longitudeE6 });
    // A degree of latitude is 111.195 km on this sphere, one of longitude shrinks with the cosine of the latitude.
    expect(groundDistanceM(at(0, 0), at(1_000_000, 0))).toBeCloseTo(111_195, -1);
    expect(groundDistanceM(at(60_000_000, 0), at(60_000_000, 1_000_000))).toBeCloseTo(111_195 / 2, -1);
    expect(groundDistanceM(at(0, 179_999_999), at(0, -179_999_999))).toBeLessThan(1);
    expect(groundDistanceM(at(90_000_000, 0), at(-90_000_000, 0))).toBeCloseTo(Math.PI * 6_371_008.8, 0);
  });
});
