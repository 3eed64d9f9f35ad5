import { describe, expect, it } from 'vitest';
import { BASELINES, type BaselineName } from './engines.ts';
import { type Cell, runBaselineCell } from './run-cell.ts';

const cell: Cell = {
  nodes: 12,
  transactions: 10,
  sizeBytes: 100_000,
  entry: 'spread',
  bitsPerSecond: 100e6,
  latencyMicros: 25_000,
};

describe.each(Object.keys(BASELINES) as BaselineName[])('%s in a simulated network', (engine) => {
  it('commits every transaction where it belongs, the same way for the same seed', async () => {
    const run = () => runBaselineCell(engine, cell, { seed: 4, withinMicros: 600_000_000 });
    const result = await run();
    expect(result.finished).toBe(true);
    expect(result.committed).toBe(10);
    expect(await run()).toEqual(result);
  });
});

describe('the leader star', () => {
  it('takes the time that its uplink needs, and loses against the arithmetic of pushing from everywhere', async () => {
    const result = await runBaselineCell('pbft-naive', cell, { seed: 1, withinMicros: 600_000_000 });
    // 11 copies of 1 MB through 100 Mbit/s are 0.88 s.
    expect(result.makespanMs).toBeGreaterThan(880);
    expect(result.makespanMs).toBeLessThan(880 + 500 + 600);
  });
});
