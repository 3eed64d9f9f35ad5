import { describe, expect, it } from 'vitest';
import type { Hex } from '../../crypto/index.ts';
import type { Clock } from '../../environment/index.ts';
import { PAYLOAD_BYTES_MAX, POOL_BODIES_BYTES_MIN, POOL_BODIES_WAIT_MICROS, POOL_PAYLOAD_BYTES_MAX } from '../../limits.ts';
import { BodyDepth } from './body-depth.ts';

const MB = 1_000_000;
const SECOND = 1_000_000;
const hashOf = (number: number): Hex => `0x${number.toString(16).padStart(64, '0')}`;

function bench() {
  const time = { micros: 0 };
  const clock: Clock = { now: () => time.micros, set: (_delay, _handler, label) => ({ label }), cancel: () => {} };
  return { time, depth: new BodyDepth(clock) };
}

describe('the bytes of bodies that clients may have waiting', () => {
  it('are a full pool of them as long as none has waited for long', () => {
    const { time, depth } = bench();
    for (let at = 0; at < 90; at++) {
      expect(depth.allows(MB)).toBe(true);
      depth.noteWaiting(hashOf(at), MB);
      time.micros += SECOND / 100;
    }
    expect(depth.limitBytes).toBe(POOL_PAYLOAD_BYTES_MAX);
    expect(depth.allows(POOL_PAYLOAD_BYTES_MAX)).toBe(false);
  });

  it('follow what blocks take up, so that nobody waits much longer than meant', () => {
    const { time, depth } = bench();
    const queue: { readonly hash: Hex; readonly since: number }[] = [];
    const waits: number[] = [];
    let refused = 0;
    // Ten bodies a second are offered, one is carried.
    for (let tick = 0; tick < 3_000; tick++) {
      time.micros += SECOND / 10;
      if (depth.allows(MB)) {
        queue.push({ hash: hashOf(tick), since: time.micros });
        depth.noteWaiting(hashOf(tick), MB);
      } else refused++;
      const next = tick % 10 === 0 ? queue.shift() : undefined;
      if (next === undefined) continue;
      depth.noteTaken(next.hash);
      waits.push(time.micros - next.since);
    }
    expect(refused).toBeGreaterThan(2_500);
    // The line is never idle, and what came in before the pace was known has long been carried.
    expect(waits.length).toBeGreaterThan(298);
    expect(Math.max(...waits.slice(-150))).toBeLessThan(2.5 * POOL_BODIES_WAIT_MICROS);
  });

  it('are a body of the common size when nothing is carried, and one body of any size when none waits', () => {
    const { time, depth } = bench();
    depth.noteWaiting(hashOf(1), 10);
    time.micros += POOL_BODIES_WAIT_MICROS + 1;
    expect(depth.limitBytes).toBe(POOL_BODIES_BYTES_MIN);
    expect([depth.allows(POOL_BODIES_BYTES_MIN - 10), depth.allows(PAYLOAD_BYTES_MAX)]).toEqual([true, false]);
    depth.forget(hashOf(1));
    expect(depth.allows(PAYLOAD_BYTES_MAX)).toBe(true);
    expect(depth.limitBytes).toBeLessThan(2 * POOL_BODIES_BYTES_MIN);
    time.micros += 8 * POOL_BODIES_WAIT_MICROS;
    expect(depth.limitBytes).toBe(POOL_PAYLOAD_BYTES_MAX);
  });
});
