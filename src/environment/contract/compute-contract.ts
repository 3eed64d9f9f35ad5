import { expect, it } from 'vitest';
import type { ContractWorld } from './contract-world.ts';

/** What every source of randomness, processor and metric does. */
export function computeContract(world: () => ContractWorld): void {
  it('draws numbers in their ranges', async () => {
    const { random } = await world().add();
    const stream = random.stream('ranges');
    expect(random.stream('ranges')).toBe(stream);
    const counts = new Array<number>(6).fill(0);
    let floats = 0;
    let normals = 0;
    let exponentials = 0;
    const draws = 6000;
    for (let draw = 0; draw < draws; draw++) {
      const float = stream.float();
      expect(float >= 0 && float < 1).toBe(true);
      floats += float;
      const face = stream.integer(6);
      counts[face] = (counts[face] as number) + 1;
      normals += stream.normal(5, 2);
      exponentials += stream.exponential(3);
    }
    // Five standard errors on either side.
    for (const count of counts) expect(Math.abs(count - draws / 6)).toBeLessThan(5 * Math.sqrt((draws * 5) / 36));
    expect(Math.abs(floats / draws - 0.5)).toBeLessThan((5 * 0.289) / Math.sqrt(draws));
    expect(Math.abs(normals / draws - 5)).toBeLessThan((5 * 2) / Math.sqrt(draws));
    expect(Math.abs(exponentials / draws - 3)).toBeLessThan((5 * 3) / Math.sqrt(draws));
    for (const length of [0, 1, 5, 32]) expect(stream.bytes(length).length).toBe(length);
    expect(stream.bytes(32)).not.toEqual(stream.bytes(32));
    expect(stream.integer(2 ** 40)).toBeLessThan(2 ** 40);
    for (const below of [0, -1, 1.5, Number.NaN]) expect(() => stream.integer(below)).toThrow(RangeError);
  });

  it('runs work and returns its result or its error', async () => {
    const { cpu } = await world().add();
    expect(await world().run(cpu.run({ operation: 'add' }, () => 1 + 1))).toBe(2);
    expect(await world().run(cpu.run({ operation: 'add', units: 3 }, async () => 'later'))).toBe('later');
    const failing = cpu.run({ operation: 'add' }, () => {
      throw new RangeError('does not add up');
    });
    await expect(world().run(failing)).rejects.toThrow('does not add up');
    cpu.charge({ operation: 'add', units: 2 });
    expect(await world().run(cpu.run({ operation: 'add' }, () => 'after what was charged'))).toBe('after what was charged');
  });

  it('counts, gauges and observes', async () => {
    const { metrics } = await world().add();
    metrics.count('things_total');
    metrics.count('things_total', 4);
    metrics.gauge('height', 7);
    metrics.gauge('height', 6);
    for (let value = 1; value <= 100; value++) metrics.observe('latency_ms', value);
    const shown = metrics.snapshot();
    expect(shown).toMatchObject({ things_total: 5, height: 6, latency_ms_count: 100, latency_ms_sum: 5050, latency_ms_max: 100 });
    expect(shown['latency_ms_p50']).toBeGreaterThanOrEqual(50);
    expect(shown['latency_ms_p50']).toBeLessThanOrEqual(50 * 1.1);
    expect(shown['latency_ms_p99']).toBeLessThanOrEqual(100);
  });

  it('passes a tracked promise on', async () => {
    const env = await world().add();
    expect(await world().run(env.track('an answer', Promise.resolve(42)))).toBe(42);
    await expect(world().run(env.track('an error', Promise.reject(new Error('no'))))).rejects.toThrow('no');
  });
}
