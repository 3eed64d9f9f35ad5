import { describe, expect, it } from 'vitest';
import { decodeRlp, encodeRlp } from '../../src/crypto/index.ts';
import type { Cluster, Seat } from '../../src/experiments/index.ts';
import type { NodeSetup } from '../../src/node/index.ts';
import { at, chained, withMessages } from './support/between.ts';
import { forks, height, ledgerNode, MINUTE, ON_DEMAND, SEALERS, SECOND, settle, startCluster } from './support/small-cluster.ts';
import { submitter } from './support/submitter.ts';
import { watchVotes } from './support/vote-watch.ts';

const SMALLEST = {
  ...ON_DEMAND,
  edge: { ...ON_DEMAND.edge, count: 1 },
  devices: { ...ON_DEMAND.devices, count: 1 },
};

/** Every node with these storage settings. */
const stored =
  (storage: NodeSetup['file']['storage']) =>
  (seat: Seat): NodeSetup => ({ ...seat.setup, file: { ...seat.setup.file, storage } });

/** A sealer that spoils every piece of state that it hands out. */
const liar = at('company-2', (environment) =>
  withMessages(environment, {
    async answer(protocol, from, body, handle) {
      const answer = await handle(from, body);
      if (protocol !== 'nodes/1') return answer;
      const nodes = (decodeRlp(answer) as Uint8Array[]).map((node) => Uint8Array.from(node));
      for (const node of nodes) if (node.length > 0) node[node.length - 1] = (node[node.length - 1] as number) ^ 0x20;
      return encodeRlp(nodes);
    },
  }),
);

function metric(cluster: Cluster, name: string, metricName: string): number {
  return ledgerNode(cluster, name).full.environment.metrics.snapshot()[metricName] ?? 0;
}

describe('a node that lost its disk', () => {
  it.each(['centre', 'company-1'])(
    '(%s) joins by snapshot, although one of its peers lies',
    async (name) => {
      const votes = watchVotes();
      const cluster = await startCluster(SMALLEST, {
        between: chained(votes.between, liar),
        ownState: true,
        setup: stored({ limitGb: 0, snapshotBehindBlocks: 15 }),
      });
      const { world } = cluster;
      const stop = submitter(cluster, 'company-3').every(400_000);
      await world.runFor(20 * SECOND);
      const before = height(cluster, 'proxy');
      expect(before).toBeGreaterThan(20);
      cluster.crash(name);
      world.destroyDisk(cluster.id(name));
      await world.runFor(2 * SECOND);
      const votesBefore = votes.count();
      cluster.restart(name);
      await world.runUntil(() => cluster.seats.get(name)?.node !== undefined, MINUTE);
      await world.runUntil(() => height(cluster, name) >= before, 2 * MINUTE);
      expect(metric(cluster, name, 'snapshot_joins_total')).toBe(1);
      expect(metric(cluster, name, 'snapshot_state_nodes_total')).toBeGreaterThan(50);
      await world.runUntil(() => height(cluster, name) >= before + 20, 2 * MINUTE);
      expect(metric(cluster, name, 'storage_lies_total')).toBeGreaterThan(0);
      stop();
      await settle(cluster);
      expect(votes.count()).toBeGreaterThan(votesBefore);
      expect(votes.conflicts).toEqual([]);
      expect(cluster.failures).toEqual([]);
      const { ledger } = ledgerNode(cluster, name).full;
      expect(ledger.head.hash).toBe(ledgerNode(cluster, 'company-3').full.ledger.head.hash);
      expect(ledger.firstBlock()).toBeGreaterThan(15);
      expect(await forks(cluster)).toEqual([]);
    },
    120_000,
  );
});

describe('pruning under load', () => {
  it('keeps the disks below the limit, and the network takes a newcomer in', async () => {
    const limitGb = 0.003;
    const cluster = await startCluster(SMALLEST, { ownState: true, setup: stored({ limitGb, snapshotBehindBlocks: 10_000 }) });
    const { world } = cluster;
    const loads = SEALERS.map((name) => submitter(cluster, name));
    const stops = loads.map((load) => load.every(1_000_000));
    let most = 0;
    const watch = (): void => {
      for (const name of SEALERS) {
        void ledgerNode(cluster, name)
          .full.environment.disk.usedBytes()
          .then((used) => {
            most = Math.max(most, used);
          });
      }
      world.at(SECOND / 4, watch);
    };
    watch();
    await world.runUntil(() => SEALERS.every((name) => ledgerNode(cluster, name).full.ledger.firstBlock() > 20), 10 * MINUTE);
    expect(most).toBeLessThanOrEqual(limitGb * 1e9);
    cluster.crash('centre');
    world.destroyDisk(cluster.id('centre'));
    cluster.restart('centre');
    await world.runUntil(() => cluster.seats.get('centre')?.node !== undefined, MINUTE);
    const goal = height(cluster, 'proxy') + 10;
    await world.runUntil(() => height(cluster, 'centre') >= goal, 3 * MINUTE);
    expect(metric(cluster, 'centre', 'snapshot_joins_total')).toBe(1);
    for (const stop of stops) stop();
    await settle(cluster);
    expect(most).toBeLessThanOrEqual(limitGb * 1e9);
    expect(cluster.failures).toEqual([]);
    expect(ledgerNode(cluster, 'centre').full.ledger.head.stateRoot).toBe(
      ledgerNode(cluster, 'proxy').full.ledger.head.stateRoot,
    );
  }, 180_000);
});
