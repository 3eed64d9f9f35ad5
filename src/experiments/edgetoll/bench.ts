import type { Micros } from '../../environment/index.ts';
import { invariant } from '../../errors.ts';
import { COMPLETION_FLUSH_MICROS, SCENARIO_DRAIN_MICROS, SCENARIO_START_MICROS } from '../../limits.ts';
import { channelTotals, conservation } from '../../market/index.ts';
import type { DeviceNode, EdgeNode, ProxyNode } from '../../node/index.ts';
import { type Cluster, createCluster } from '../cluster.ts';
import { ledgerNodes } from '../run-scenario.ts';
import { loadScenario, type Scenario } from '../scenario/index.ts';
import { type ReceiptWatch, watchReceipts } from './receipt-watch.ts';

/** What one task costs, whichever way it is paid. */
export const TASK_PRICE_WEI = 1_000_000_000_000n;

export interface BenchOptions {
  readonly seed: number;
  /** What the edge node asks for a task on the ledger. */
  readonly listedPriceWei: bigint;
}

/** One device, one edge node and the four sealers, ready for the first task; the device asks for none by itself. */
export interface Bench {
  readonly cluster: Cluster;
  readonly scenario: Scenario;
  readonly device: DeviceNode;
  readonly edge: EdgeNode;
  readonly proxy: ProxyNode;
  readonly receipts: ReceiptWatch;
  /** Runs the world until the promise settles. */
  timed<T>(promise: Promise<T>): Promise<{ readonly value: T; readonly micros: Micros }>;
  /** Lets everything that is under way come to the ledger, and every node see it. */
  settle(): Promise<void>;
  /** Whether every wei that went into channels is paid out, given back or still there, and `paidWei` was paid out; at rest. */
  conserved(paidWei: bigint): Promise<boolean>;
}

export async function openBench(options: BenchOptions): Promise<Bench> {
  const scenario = benchScenario(options.listedPriceWei);
  const cluster = createCluster(scenario, options.seed);
  const { world } = cluster;
  await cluster.start();
  const [device] = cluster.running('device');
  const [edge] = cluster.running('edge');
  const [proxy] = cluster.running('proxy');
  invariant(
    device !== undefined && edge !== undefined && proxy !== undefined,
    'the bench has a device, an edge node and a proxy',
  );
  await world.runUntil(() => edge.listed, SCENARIO_START_MICROS);
  await world.run(device.ready, SCENARIO_START_MICROS);
  await world.run(device.quiesce());
  return {
    cluster,
    scenario,
    device,
    edge,
    proxy,
    receipts: watchReceipts(proxy.full.ledger),
    async timed(promise) {
      const from = world.now;
      const value = await world.run(promise, SCENARIO_DRAIN_MICROS);
      return { value, micros: world.now - from };
    },
    async settle() {
      await world.runFor(4 * COMPLETION_FLUSH_MICROS);
      await world.runUntil(() => atRest(cluster), SCENARIO_DRAIN_MICROS);
    },
    async conserved(paidWei) {
      const { client, ledger } = proxy.full;
      const report = conservation(await world.run(channelTotals(client, ledger.head.number)));
      return report.conserved && report.paidWei === paidWei;
    },
  };
}

/** The settings of `scenarios/edge-sharing.yaml` with one device and one edge node. */
function benchScenario(listedPriceWei: bigint): Scenario {
  const text = `
scenario: edgetoll
description: One device has one task after the other done by one edge node, and pays for each.
duration: 1 h
ledger: { companies: 3, blockInterval: 500 ms, heartbeat: 10 s, baseTimeout: 2 s }
edge: { count: 1, capacity: 8, price: ${listedPriceWei} wei }
devices: { count: 1, taskInterval: 1 h, maxPrice: ${TASK_PRICE_WEI} wei }
payments: { deposit: 1 ether, edgeDeposit: 10 ether, challenge: 1 h }
`;
  return loadScenario(text, {
    file: 'edgetoll',
    readFile: (path) => {
      throw new Error(`the comparison reads no file, and certainly not ${path}`);
    },
  });
}

function atRest(cluster: Cluster): boolean {
  const ledgers = ledgerNodes(cluster).map((node) => node.full.ledger);
  return new Set(ledgers.map(({ head }) => head.hash)).size === 1 && ledgers.every((ledger) => ledger.pendingCount() === 0);
}
