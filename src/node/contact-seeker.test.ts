import { describe, expect, it } from 'vitest';
import { createWorld } from '../environment/sim/index.ts';
import { EXCHANGE_RETRY_MICROS_MAX, EXCHANGE_RETRY_MICROS_MIN } from '../limits.ts';
import { ContactSeeker } from './contact-seeker.ts';

const NODE = `0x${'11'.repeat(20)}` as const;

describe('whom a node needs and cannot find', () => {
  it('is asked for with growing pauses, until somebody knows, and then from the first pause again', async () => {
    const world = createWorld({ seed: 'seeker' });
    const environment = world.addNode(NODE);
    const state = { lacks: true, asked: [] as number[] };
    const seeker = new ContactSeeker({
      environment,
      lacks: () => state.lacks,
      ask: async (enough) => {
        state.asked.push(environment.clock.now());
        expect(enough()).toBe(!state.lacks);
      },
    });
    const begun = environment.clock.now();
    const turn = (): void => {
      if (state.lacks) seeker.seek();
      environment.clock.set(500_000, turn, 'look after links');
    };
    turn();
    await world.runFor(20 * EXCHANGE_RETRY_MICROS_MIN);
    const [first, second, third] = state.asked as [number, number, number];
    expect(first - begun).toBe(EXCHANGE_RETRY_MICROS_MIN);
    expect(second - first).toBeGreaterThanOrEqual(2 * EXCHANGE_RETRY_MICROS_MIN);
    expect(third - second).toBeGreaterThanOrEqual(4 * EXCHANGE_RETRY_MICROS_MIN);
    await world.runFor(10 * EXCHANGE_RETRY_MICROS_MAX);
    const pauses = state.asked.slice(1).map((at, index) => at - (state.asked[index] as number));
    expect(Math.max(...pauses)).toBeLessThanOrEqual(EXCHANGE_RETRY_MICROS_MAX + 500_000);
    state.lacks = false;
    await world.runFor(2 * EXCHANGE_RETRY_MICROS_MAX);
    const before = state.asked.length;
    await world.runFor(2 * EXCHANGE_RETRY_MICROS_MAX);
    expect(state.asked).toHaveLength(before);
    state.lacks = true;
    await world.runFor(2 * EXCHANGE_RETRY_MICROS_MIN);
    expect(state.asked).toHaveLength(before + 1);
    seeker.stop();
  });
});
