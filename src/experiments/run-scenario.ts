import { TreadleError } from '../errors.ts';
import { SCENARIO_DRAIN_MICROS, SCENARIO_START_MICROS } from '../limits.ts';
import type { LedgerNode } from '../node/index.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { commitWatch } from './commit-watch.ts';
import type { Fault, Scenario } from './scenario/index.ts';
import { reportScenario, type ScenarioReport } from './scenario-report.ts';

export interface RunOptions {
  readonly seed: number;
  /** Real time in seconds, for the report only. */
  readonly wallSeconds: () => number;
}

/**
 * Runs a scenario: brings the consortium up, lets the devices ask for its duration while the faults happen, then lets
 * what is under way finish and settles the channels on the ledger.
 *
 * @throws TreadleError SCENARIO_NODE_FAILED when a node gave up, SIM_*
 */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<ScenarioReport> {
  const started = options.wallSeconds();
  const cluster = createCluster(scenario, options.seed);
  const commits = commitWatch(cluster);
  await cluster.start();
  commits.start();
  await untilReady(cluster);
  for (const fault of scenario.faults) cluster.world.at(fault.atMicros, () => strike(cluster, fault));
  await cluster.world.runFor(scenario.durationMicros);
  checkHealth(cluster);
  await settle(cluster);
  checkHealth(cluster);
  return reportScenario({ scenario, cluster, commits, seed: options.seed, wallSeconds: () => options.wallSeconds() - started });
}

/** Edge nodes are listed and devices can pay: only then the clock of the scenario starts. */
async function untilReady(cluster: Cluster): Promise<void> {
  const edges = cluster.running('edge');
  await cluster.world.runUntil(() => edges.every((edge) => edge.listed), SCENARIO_START_MICROS);
  const devices = cluster.running('device');
  await cluster.world.run(Promise.all(devices.map((device) => device.ready)), SCENARIO_START_MICROS);
}

function strike(cluster: Cluster, fault: Fault): void {
  switch (fault.type) {
    case 'crash':
      for (const name of fault.nodes) cluster.crash(name);
      return;
    case 'restart':
      for (const name of fault.nodes) cluster.restart(name);
      return;
    case 'partition':
      cluster.world.partition(fault.groups.map((group) => group.map((name) => cluster.id(name))));
      return;
    case 'heal':
      cluster.world.heal();
      return;
  }
}

/** No new tasks; those under way finish, the payees claim what they hold, and every node sees the last block. */
async function settle(cluster: Cluster): Promise<void> {
  const devices = cluster.running('device');
  await cluster.world.run(Promise.all(devices.map((device) => device.quiesce())), SCENARIO_DRAIN_MICROS);
  await cluster.world.run(claimAll(cluster), SCENARIO_DRAIN_MICROS);
  await cluster.world.runUntil(() => sameHead(cluster), SCENARIO_DRAIN_MICROS);
}

async function claimAll(cluster: Cluster): Promise<void> {
  const edges = cluster.running('edge');
  const proxies = cluster.running('proxy');
  await Promise.all(edges.map((edge) => edge.payee.payee.claimAll()));
  await Promise.all(proxies.map((node) => node.proxy.payee.claimAll()));
}

function sameHead(cluster: Cluster): boolean {
  const heads = ledgerNodes(cluster).map((node) => node.full.ledger.head.hash);
  return new Set(heads).size === 1;
}

/** Every node with a ledger that is up. */
export function ledgerNodes(cluster: Cluster): readonly LedgerNode[] {
  return (['proxy', 'company', 'centre', 'edge'] as const).flatMap((role): readonly LedgerNode[] => cluster.running(role));
}

function checkHealth(cluster: Cluster): void {
  const failure = cluster.failures[0];
  if (failure === undefined) return;
  throw new TreadleError('SCENARIO_NODE_FAILED', {
    detail: `${failure.name} gave up: ${failure.error instanceof Error ? failure.error.message : String(failure.error)}`,
    data: { node: failure.name },
    cause: failure.error,
  });
}
