import { channelTotals, conservation } from '../market/index.ts';
import type { DeviceNode, LedgerNode } from '../node/index.ts';
import type { Cluster } from './cluster.ts';
import type { CommitWatch } from './commit-watch.ts';
import { type Percentiles, percentiles } from './percentiles.ts';
import type { Scenario } from './scenario/index.ts';

/** What a scenario came to; `treadle sim --json` prints it. */
export interface ScenarioReport {
  readonly scenario: string;
  readonly seed: number;
  readonly traceHash: string;
  readonly virtualSeconds: number;
  readonly wallSeconds: number;
  readonly ledger: {
    readonly height: number;
    /** Heights at which two nodes hold different blocks: must be 0. */
    readonly forks: number;
    /** Rounds above 0, at the sealer that saw the most. */
    readonly viewChanges: number;
    readonly transactions: number;
    readonly commitLatencyMs: Percentiles;
  };
  readonly tasks: {
    readonly requested: number;
    readonly completed: number;
    readonly failed: number;
    /** From the request for a match to the verified result. */
    readonly latencyMs: Percentiles;
    /** Codes of what went wrong, with how often. */
    readonly failures: Readonly<Record<string, number>>;
  };
  readonly payments: {
    /** Payments whose voucher the edge node has on disk. */
    readonly vouchers: number;
    /** Paid out by the channel contract. */
    readonly settledWei: string;
    readonly lockedWei: string;
    /** Deposits = paid + refunded + locked, and edge nodes were promised no more than the proxy received. */
    readonly conserved: boolean;
  };
  readonly network: { readonly events: number; readonly messages: number; readonly bytes: number };
}

interface Inputs {
  readonly scenario: Scenario;
  readonly cluster: Cluster;
  readonly commits: CommitWatch;
  readonly seed: number;
  readonly wallSeconds: () => number;
}

/** Collects the figures of a finished run. */
export async function reportScenario(inputs: Inputs): Promise<ScenarioReport> {
  const { scenario, cluster, commits, seed } = inputs;
  const devices = cluster.running('device');
  const nodes: readonly LedgerNode[] = [
    ...cluster.running('proxy'),
    ...cluster.running('company'),
    ...cluster.running('centre'),
    ...cluster.running('edge'),
  ];
  const observer = nodes[0] as LedgerNode;
  const totals = await cluster.world.run(channelTotals(observer.full.client, observer.full.ledger.head.number));
  const balance = conservation(totals);
  const forks = await cluster.world.run(countForks(nodes));
  const stats = cluster.world.stats();
  const records = devices.flatMap((device) => device.tasks);
  const sum = (pick: (device: DeviceNode) => number): number => devices.reduce((total, device) => total + pick(device), 0);
  return {
    scenario: scenario.name,
    seed,
    traceHash: cluster.world.traceHash(),
    virtualSeconds: round(stats.virtualSeconds),
    wallSeconds: round(inputs.wallSeconds()),
    ledger: {
      height: observer.full.ledger.head.number,
      forks,
      viewChanges: Math.max(0, ...nodes.map((node) => node.full.treadle.consensus().viewChanges)),
      transactions: observer.full.ledger.transactionCount(),
      commitLatencyMs: rounded(percentiles(commits.latenciesMs)),
    },
    tasks: {
      requested: sum((device) => device.work().requested),
      completed: sum((device) => device.work().completed),
      failed: sum((device) => device.work().failed),
      latencyMs: rounded(percentiles(records.flatMap((record) => (record.outcome ? [record.durationMicros / 1000] : [])))),
      failures: countCodes(records.flatMap((record) => (record.error ? [record.error.code] : []))),
    },
    payments: {
      vouchers: cluster.running('edge').reduce((total, edge) => total + edge.work().vouchers, 0),
      settledWei: balance.paidWei.toString(),
      lockedWei: balance.lockedWei.toString(),
      conserved: balance.conserved && brokerIsSquare(cluster),
    },
    network: { events: stats.events, messages: stats.messages, bytes: stats.messageBytes },
  };
}

/** The proxy never promised more than it holds vouchers for. */
function brokerIsSquare(cluster: Cluster): boolean {
  return cluster.running('proxy').every(({ proxy }) => {
    return proxy.promised.promisedWei <= proxy.received.receivedWei;
  });
}

async function countForks(nodes: readonly LedgerNode[]): Promise<number> {
  const top = Math.min(...nodes.map((node) => node.full.ledger.head.number));
  let forks = 0;
  for (let height = 1; height <= top; height++) {
    const hashes = new Set<string | undefined>();
    for (const node of nodes) hashes.add((await node.full.ledger.header(height))?.hash);
    if (hashes.size > 1) forks += 1;
  }
  return forks;
}

function countCodes(codes: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const code of [...codes].sort()) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

function rounded(values: Percentiles): Percentiles {
  const { p50, p95, p99, max, count } = values;
  return { p50: round(p50), p95: round(p95), p99: round(p99), max: round(max), count };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
