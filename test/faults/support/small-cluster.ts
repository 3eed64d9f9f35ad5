import { type Cluster, type ClusterOptions, createCluster, type Scenario } from '../../../src/experiments/index.ts';
import type { DeviceNode, LedgerNode } from '../../../src/node/index.ts';

/** A proxy, three companies, a few edge nodes and devices: the smallest consortium in which one sealer may fail. */
export const SMALL: Scenario = {
  name: 'small consortium',
  description: 'for tests of faults',
  durationMicros: 60_000_000,
  seed: 1,
  ledger: { companies: 3, sealers: 4, blockIntervalMicros: 500_000, heartbeatMicros: 5_000_000, baseTimeoutMicros: 2_000_000 },
  edge: { count: 3, capacity: 4, priceWei: 1_000n, services: ['vibration.spectrum'], placement: { kind: 'grid' } },
  devices: {
    count: 3,
    taskIntervalMicros: 4_000_000,
    service: 'vibration.spectrum',
    maxPriceWei: 2_000n,
    window: { samples: 1024, sampleRateHz: 3_200 },
    placement: { kind: 'random' },
  },
  oracle: { nodes: 0, cores: 4, settings: {} },
  area: { latitude: -37.8136, longitude: 144.9631, radiusMetres: 2_000 },
  network: {
    latencyMicros: 10_000,
    jitterMicros: 2_000,
    bandwidthBitsPerSecond: 50_000_000,
    lossShare: 0,
    devices: { latencyMicros: 20_000, jitterMicros: 5_000, bandwidthBitsPerSecond: 10_000_000, lossShare: 0 },
  },
  cpu: { sealerCores: 4, edgeCores: 2, deviceCores: 1, costMicros: {} },
  payments: { depositWei: 1_000_000n, edgeDepositWei: 10_000_000n, challengeMicros: 3_600_000_000 },
  faults: [],
};

export const SEALERS = ['proxy', 'company-1', 'company-2', 'company-3'] as const;
export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;

/** Devices whose first task is so far away that they do only what a test tells them to. */
export const ON_DEMAND: Scenario = { ...SMALL, devices: { ...SMALL.devices, taskIntervalMicros: 3_600_000_000 } };

/** Lays out a consortium and runs it until edge nodes are listed and devices can pay. */
export async function startCluster(
  scenario: Scenario = SMALL,
  options: ClusterOptions & { readonly seed?: number } = {},
): Promise<Cluster> {
  const cluster = createCluster(scenario, options.seed ?? 1, options);
  await cluster.start();
  await cluster.world.runUntil(() => cluster.running('edge').every((edge) => edge.listed), 10 * MINUTE);
  await cluster.world.run(Promise.all(cluster.running('device').map((device) => device.ready)), 10 * MINUTE);
  return cluster;
}

/** The nodes with a ledger that are up. */
export function ledgerNodes(cluster: Cluster): readonly LedgerNode[] {
  return (['proxy', 'company', 'centre', 'edge'] as const).flatMap((role): readonly LedgerNode[] => cluster.running(role));
}

/** The node in a seat, as one that keeps a ledger. It must be up. */
export function ledgerNode(cluster: Cluster, name: string): LedgerNode {
  const node = cluster.seats.get(name)?.node;
  if (node === undefined || !('full' in node)) throw new Error(`${name} is not up, or keeps no ledger`);
  return node as LedgerNode;
}

export function deviceNode(cluster: Cluster, name: string): DeviceNode {
  const node = cluster.running('device').find((device) => cluster.seats.get(name)?.node === device);
  if (node === undefined) throw new Error(`${name} is not up, or no device`);
  return node;
}

export function height(cluster: Cluster, name: string): number {
  return ledgerNode(cluster, name).full.ledger.head.number;
}

/** Tasks that all devices have completed. */
export function completed(cluster: Cluster): number {
  return cluster.running('device').reduce((total, device) => total + device.work().completed, 0);
}

/** No further tasks, and every node sees the same last block. */
export async function settle(cluster: Cluster): Promise<void> {
  const { world } = cluster;
  await world.run(Promise.all(cluster.running('device').map((device) => device.quiesce())), 10 * MINUTE);
  await world.runUntil(() => new Set(ledgerNodes(cluster).map((node) => node.full.ledger.head.hash)).size === 1, 10 * MINUTE);
}

/** Heights at which two nodes hold different blocks, up to the height that all have. */
export async function forks(cluster: Cluster): Promise<readonly number[]> {
  const nodes = ledgerNodes(cluster);
  const top = Math.min(...nodes.map((node) => node.full.ledger.head.number));
  const forked: number[] = [];
  for (let at = 0; at <= top; at++) {
    const hashes = await Promise.all(nodes.map(async (node) => (await node.full.ledger.header(at))?.hash));
    if (new Set(hashes).size > 1) forked.push(at);
  }
  return forked;
}

/** Log lines of one event, of all nodes or of one. */
export function logged(cluster: Cluster, event: string, name?: string) {
  const node = name === undefined ? undefined : cluster.id(name);
  return cluster.world.log().filter((line) => line.event === event && (node === undefined || line.node === node));
}
