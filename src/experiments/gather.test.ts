import { describe, expect, it } from 'vitest';
import type { World } from '../environment/sim/index.ts';
import type { LedgerNode } from '../node/index.ts';
import { createCluster } from './cluster.ts';
import { loadScenario } from './scenario/index.ts';

const MINUTE = 60_000_000;

function scenario(gather: string) {
  const text = `
scenario: gather
duration: 60 s
ledger: { companies: 3, blockInterval: 500 ms, heartbeat: 10 s, baseTimeout: 2 s${gather} }
network: { latency: 25 ms, jitter: 2 ms }
edge: { count: 1 }
devices: { count: 0 }
`;
  return loadScenario(text, { file: 'gather.yaml', readFile: () => '' });
}

/** Blocks that hold what four sealers send at the same moment, after a pause. */
async function blocksOfABurst(gather: string): Promise<{ readonly blocks: number; readonly lastMs: number }> {
  const cluster = createCluster(scenario(gather), 1);
  await cluster.start();
  const world: World = cluster.world;
  const sealers: readonly LedgerNode[] = [...cluster.running('proxy'), ...cluster.running('company')];
  // Half way between two heartbeats.
  const head = (): number => sealers[0]?.full.ledger.head.number ?? 0;
  const before = head();
  await world.runUntil(() => head() > before + 1, MINUTE);
  await world.runFor(4_000_000);
  const from = world.now;
  const sent = sealers.map(({ full }) => full.client.transact({ to: sealers[0]?.id as `0x${string}`, value: 1n }));
  const receipts = await world.run(Promise.all(sent));
  return { blocks: new Set(receipts.map(({ blockNumber }) => Number(blockNumber))).size, lastMs: (world.now - from) / 1000 };
}

describe('blocks that wait for company', () => {
  it('hold what is sent to several sealers at one moment, and end sooner than two of them', async () => {
    const split = await blocksOfABurst('');
    const gathered = await blocksOfABurst(', gather: 60 ms');
    expect(split.blocks).toBe(2);
    expect(gathered.blocks).toBe(1);
    expect(gathered.lastMs).toBeLessThan(split.lastMs - 300);
  });

  it('wait no longer than an interval', () => {
    expect(() => scenario(', gather: 2 s')).toThrow(/gather for 2 s, longer than the block interval/);
  });
});
