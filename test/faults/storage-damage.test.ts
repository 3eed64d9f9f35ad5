import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/experiments/index.ts';
import {
  forks,
  height,
  ledgerNode,
  logged,
  MINUTE,
  ON_DEMAND,
  SEALERS,
  SECOND,
  settle,
  startCluster,
} from './support/small-cluster.ts';
import { inclusions, submitter } from './support/submitter.ts';
import { watchVotes } from './support/vote-watch.ts';

const SMALLEST = {
  ...ON_DEMAND,
  edge: { ...ON_DEMAND.edge, count: 1 },
  devices: { ...ON_DEMAND.devices, count: 1 },
};

function metric(cluster: Cluster, name: string, metricName: string): number {
  return ledgerNode(cluster, name).full.environment.metrics.snapshot()[metricName] ?? 0;
}

async function restart(cluster: Cluster, name: string): Promise<void> {
  cluster.restart(name);
  await cluster.world.runUntil(() => cluster.seats.get(name)?.node !== undefined, MINUTE);
}

describe('bit rot of chain tables', () => {
  it.each([
    { sealers: ['company-1'], entries: 25, restarted: false },
    { sealers: ['company-2'], entries: 60, restarted: true },
    { sealers: [...SEALERS], entries: 8, restarted: true },
  ])(
    'of $sealers ($entries values) is repaired from peers, and nothing is lost',
    async ({ sealers, entries, restarted }) => {
      const votes = watchVotes();
      const cluster = await startCluster(SMALLEST, { ...votes, ownState: true });
      const { world } = cluster;
      const load = submitter(cluster, 'company-3');
      const stop = load.every(300_000);
      await world.runFor(20 * SECOND);
      for (const name of sealers) {
        if (restarted) cluster.crash(name);
        expect(world.damageTable(cluster.id(name), 'chain', entries)).toBe(entries);
        if (restarted) await restart(cluster, name);
        await world.runFor(5 * SECOND);
      }
      const before = height(cluster, 'company-3');
      await world.runUntil(() => SEALERS.every((name) => height(cluster, name) >= before + 10), 2 * MINUTE);
      // The scrub gets to what nobody reads.
      await world.runFor(2 * MINUTE);
      stop();
      await world.runUntil(() => SEALERS.every((name) => ledgerNode(cluster, name).full.ledger.pendingCount() === 0), MINUTE);
      await settle(cluster);
      for (const name of sealers) {
        expect(metric(cluster, name, 'storage_repaired_total')).toBeGreaterThan(0);
        expect(metric(cluster, name, 'storage_fetched_bytes_total')).toBeGreaterThan(0);
      }
      expect(cluster.failures).toEqual([]);
      expect(await forks(cluster)).toEqual([]);
      expect(votes.conflicts).toEqual([]);
      for (const name of SEALERS) {
        expect(await inclusions(cluster, name, load.acknowledged)).toEqual(load.acknowledged.map(() => 1));
      }
    },
    120_000,
  );
});

describe('a full disk', () => {
  it('of one sealer stops neither the others nor, in the end, itself', async () => {
    const votes = watchVotes();
    const cluster = await startCluster(SMALLEST, { ...votes, ownState: true });
    const { world } = cluster;
    const full = cluster.id('company-1');
    const stop = submitter(cluster, 'company-2').every(300_000);
    await world.runFor(10 * SECOND);
    const before = height(cluster, 'company-2');
    const stuckAt = height(cluster, 'company-1');
    world.fillDisk(full, true);
    await world.runFor(30 * SECOND);
    expect(height(cluster, 'company-2')).toBeGreaterThan(before + 10);
    expect(height(cluster, 'company-1')).toBeLessThanOrEqual(stuckAt + 1);
    expect(cluster.seats.get('company-1')?.node).toBeDefined();
    world.fillDisk(full, false);
    await world.runUntil(() => height(cluster, 'company-1') >= height(cluster, 'company-2'), 30 * SECOND);
    stop();
    await world.runUntil(() => SEALERS.every((name) => ledgerNode(cluster, name).full.ledger.pendingCount() === 0), MINUTE);
    await settle(cluster);
    expect(cluster.failures).toEqual([]);
    expect(votes.conflicts).toEqual([]);
    expect(await forks(cluster)).toEqual([]);
    expect(logged(cluster, 'disk-full', 'company-1').length).toBeGreaterThan(0);
  }, 60_000);

  it('of every sealer at once pauses the chain, which goes on when there is room', async () => {
    const votes = watchVotes();
    const cluster = await startCluster(SMALLEST, { ...votes, ownState: true });
    const { world } = cluster;
    const load = submitter(cluster, 'company-2');
    const stop = load.every(300_000);
    await world.runFor(7 * SECOND + 123_000);
    for (const name of SEALERS) world.fillDisk(cluster.id(name), true);
    await world.runFor(20 * SECOND);
    const paused = Math.max(...SEALERS.map((name) => height(cluster, name)));
    await world.runFor(10 * SECOND);
    expect(Math.max(...SEALERS.map((name) => height(cluster, name)))).toBe(paused);
    for (const name of SEALERS) world.fillDisk(cluster.id(name), false);
    await world.runUntil(() => SEALERS.every((name) => height(cluster, name) >= paused + 5), 2 * MINUTE);
    stop();
    await world.runUntil(() => SEALERS.every((name) => ledgerNode(cluster, name).full.ledger.pendingCount() === 0), MINUTE);
    await settle(cluster);
    expect(cluster.failures).toEqual([]);
    expect(votes.conflicts).toEqual([]);
    expect(await forks(cluster)).toEqual([]);
    expect(await inclusions(cluster, 'proxy', load.acknowledged)).toEqual(load.acknowledged.map(() => 1));
  }, 60_000);
});
