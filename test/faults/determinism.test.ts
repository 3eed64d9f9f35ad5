import { describe, expect, it } from 'vitest';
import { createWorld } from '../../src/environment/sim/index.ts';
import { runScenario, type Scenario } from '../../src/experiments/index.ts';
import { SMALL } from './support/small-cluster.ts';

const SCENARIO: Scenario = {
  ...SMALL,
  name: 'determinism',
  durationMicros: 25_000_000,
  network: { ...SMALL.network, lossShare: 0.01 },
  faults: [
    { type: 'crash', atMicros: 5_000_000, nodes: ['company-2', 'edge-1'] },
    { type: 'restart', atMicros: 12_000_000, nodes: ['company-2', 'edge-1'] },
    {
      type: 'partition',
      atMicros: 15_000_000,
      groups: [
        ['proxy', 'company-1'],
        ['company-2', 'company-3'],
      ],
    },
    { type: 'heal', atMicros: 18_000_000 },
  ],
};

describe('a simulation', () => {
  it('with one seed is the same run twice, faults included; with another seed another run', async () => {
    const run = (seed: number) => runScenario(SCENARIO, { seed, wallSeconds: () => 0 });
    const [first, second, other] = [await run(7), await run(7), await run(8)];
    expect(second).toEqual(first);
    expect(other.traceHash).not.toBe(first.traceHash);
    for (const { ledger, payments, tasks } of [first, other]) {
      expect(ledger.forks).toBe(0);
      expect(ledger.viewChanges).toBeGreaterThan(0);
      expect(payments.conserved).toBe(true);
      expect(tasks.completed).toBeGreaterThan(5);
    }
  });

  it('in which nothing can happen any more says who waits for what', async () => {
    const world = createWorld({ seed: 1 });
    const [left, right] = [world.addNode(`0x${'1'.repeat(40)}`), world.addNode(`0x${'2'.repeat(40)}`)];
    const door = { hello: () => Uint8Array.of(1), admit: () => ({ admitted: true }) as const };
    right.network.onRequest('question/1', () => right.track('an answer that never comes', new Promise<Uint8Array>(() => {})));
    await world.run(Promise.all([left.network.start(door), right.network.start(door)]));
    await world.run(left.network.connect({ node: right.node, addresses: right.network.addresses() }));
    const waiting = left.track('the reply of its neighbour', new Promise<never>(() => {}));
    void left.network.request(right.node, 'question/1', Uint8Array.of(1)).catch(() => undefined);
    const stalled = await world.run(waiting).catch((error: unknown) => error);
    expect(stalled).toMatchObject({ code: 'SIM_STALLED' });
    const text = (stalled as Error).message;
    for (const words of [left.node, 'the reply of its neighbour', right.node, 'an answer that never comes'])
      expect(text).toContain(words);
  });
});
