import { describe, expect, it } from 'vitest';
import { sha256 } from '../crypto/index.ts';
import { createSeededRandom } from './seeded-random.ts';

describe('seeded random bytes', () => {
  it('are the same for the same seed, however they are taken', () => {
    const whole = createSeededRandom('seed').bytes(100);
    const other = createSeededRandom('seed');
    const parts = [1, 31, 0, 33, 35].flatMap((length) => [...other.bytes(length)]);
    expect(Uint8Array.from(parts)).toEqual(whole);
    expect(createSeededRandom('another seed').bytes(100)).not.toEqual(whole);
    expect(new Set(whole).size).toBeGreaterThan(60);
  });

  it('are SHA-256 in counter mode, so that another program can draw them too', () => {
    const blocks = [0, 1].flatMap((counter) => [...sha256(new TextEncoder().encode(`seed/${counter}`))]);
    expect([...createSeededRandom('seed').bytes(64)]).toEqual(blocks);
  });

  it('make numbers from 0 up to 1, evenly', () => {
    const { float } = createSeededRandom('floats');
    const drawn = Array.from({ length: 4_000 }, float);
    expect(drawn.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(drawn.reduce((sum, value) => sum + value, 0) / drawn.length).toBeCloseTo(0.5, 1);
    const tenths = drawn.reduce(
      (counts, value) => counts.with(Math.floor(value * 10), (counts[Math.floor(value * 10)] ?? 0) + 1),
      Array<number>(10).fill(0),
    );
    for (const count of tenths) expect(count).toBeGreaterThan(320);
  });
});
