import { expect, it } from 'vitest';
import type { ContractWorld } from './contract-world.ts';

/** What every clock does. */
export function clockContract(world: () => ContractWorld): void {
  it('fires timers in the order of their times, not of their setting', async () => {
    const { clock } = await world().add();
    const fired: string[] = [];
    clock.set(30_000, () => fired.push('third'), 'third');
    clock.set(10_000, () => fired.push('first'), 'first');
    clock.set(20_000, () => fired.push('second'), 'second');
    await world().until(() => fired.length === 3, 'all timers');
    expect(fired).toEqual(['first', 'second', 'third']);
  });

  it('never fires a timer early, and never goes backwards', async () => {
    const { clock } = await world().add();
    const started = clock.now();
    const times: number[] = [];
    for (let delay = 0; delay < 20; delay++) clock.set(delay * 777, () => times.push(clock.now()), 'tick');
    await world().until(() => times.length === 20, 'all timers');
    for (const [delay, time] of times.entries()) expect(time).toBeGreaterThanOrEqual(started + delay * 777);
    expect([...times].sort((left, right) => left - right)).toEqual(times);
    expect(times.every(Number.isSafeInteger)).toBe(true);
  });

  it('does not fire a cancelled timer, and ignores a timer that has fired', async () => {
    const { clock } = await world().add();
    let fired = 0;
    const cancelled = clock.set(5_000, () => fired++, 'cancelled');
    clock.cancel(cancelled);
    clock.cancel(cancelled);
    const done = clock.set(6_000, () => fired++, 'done');
    await world().until(() => fired === 1, 'the timer that was not cancelled');
    clock.cancel(done);
    await world().pass(20_000);
    expect(fired).toBe(1);
  });

  it('refuses a delay that is none', async () => {
    const { clock } = await world().add();
    for (const delay of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => clock.set(delay, () => {}, 'none')).toThrow(RangeError);
  });
}
