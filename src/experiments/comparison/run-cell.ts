import { keccak256, keyFrom, type NodeKey } from '../../crypto/index.ts';
import type { Handshake } from '../../environment/index.ts';
import { createWorld, type Latency } from '../../environment/sim/index.ts';
import { DEFAULT_CPU_COSTS } from '../cpu-costs.ts';
import { type Percentiles, percentiles } from '../percentiles.ts';
import { makeBody } from './batch.ts';
import { EngineNode } from './engine-node.ts';
import { BASELINES, type BaselineName, type EngineSpec } from './engines.ts';

/** One cell of the oracle paper's comparison: so many transactions of this size on so many nodes. */
export interface Cell {
  readonly nodes: number;
  readonly transactions: number;
  readonly sizeBytes: number;
  /** Where they come in: spread over all nodes, or all at one. */
  readonly entry: 'spread' | 'one';
  readonly bitsPerSecond: number;
  readonly latencyMicros: number;
}

export interface CellResult {
  readonly engine: string;
  readonly label: string;
  readonly cell: Cell;
  /** Every transaction was final at every node that holds it within the time allowed. */
  readonly finished: boolean;
  readonly committed: number;
  /** From the first submission to the last node's last commit. */
  readonly makespanMs: number | undefined;
  /** Bytes of bodies over the makespan, as a share of one node's link. */
  readonly goodputShare: number | undefined;
  readonly latencyMs: Percentiles;
  readonly networkBytes: number;
  readonly messages: number;
  readonly viewChanges: number;
  readonly virtualSeconds: number;
  readonly traceHash: string;
}

export interface RunCellOptions {
  readonly seed: number;
  /** Virtual time after which a run counts as not finished. */
  readonly withinMicros: number;
  /** Groups of DBFT and RIBFT: three, as in the paper. */
  readonly groups?: number;
  /** By which each message's way differs from the cell's latency, at most. Default: none. */
  readonly jitterMicros?: number;
  /** Time in which a baseline's leader lets bodies come together. Default: 500 ms, a block interval of Treadle's. */
  readonly batchMicros?: number;
  /** Microseconds per unit of an operation, where a machine was measured. */
  readonly costMicros?: Readonly<Record<string, number>>;
  /**
   * Limits of a baseline as an operator would set them. Default: none, and timeouts beyond the run: a baseline must not be blamed for
   * what its own transfers take.
   */
  readonly operated?: BaselineLimits;
}

export interface BaselineLimits {
  /** Of a first view. */
  readonly baseTimeoutMicros: number;
  /** What a node keeps for one peer that cannot take it yet; what is more is lost. */
  readonly queueBytesMax: number;
}

const openDoor: Handshake = { hello: () => new Uint8Array(), admit: () => ({ admitted: true }) };
const DOMAIN = keccak256(new TextEncoder().encode('treadle comparison'));
const SECOND_MICROS = 1_000_000;
/** A baseline must not be blamed for timeouts that are shorter than its own transfers: its first view may last as long as the run. */
const PATIENCE = 4;
/** Proof of work: a block of 2 MB takes a miner 16 s to send to 98 others at 100 Mbit/s. */
const POW_INTERVAL_MICROS = 30 * SECOND_MICROS;

/** Runs one cell with a baseline in a simulated world. The same options give the same result. */
export async function runBaselineCell(engine: BaselineName, cell: Cell, options: RunCellOptions): Promise<CellResult> {
  const spec: EngineSpec = BASELINES[engine];
  const groups = Math.min(options.groups ?? 3, cell.nodes);
  const keys = makeKeys(cell.nodes, options.seed);
  const sealers = keys.map(({ address }) => address);
  const costs: Readonly<Record<string, number>> = { ...DEFAULT_CPU_COSTS, ...options.costMicros };
  const world = createWorld({
    seed: options.seed,
    links: { latency: latencyOf(cell, options), queueBytesMax: options.operated?.queueBytesMax ?? Number.MAX_SAFE_INTEGER },
    cpu: { costs: { ...costs, vote_verify: costs['transaction_recover'] ?? 0 } },
  });
  const line = { uplinkBitsPerSecond: cell.bitsPerSecond, downlinkBitsPerSecond: cell.bitsPerSecond };
  const environments = sealers.map((sealer) => world.addNode(sealer, line));
  // PBFT: the first leader; DBFT and RIBFT: the leader of the group that the transaction comes in at.
  const leaders = Array.from({ length: groups }, (_, group) => sealers[Math.floor((group * cell.nodes) / groups)] ?? sealers[0]);
  const leaderFor = (at: number): typeof sealers => {
    if (spec.bodiesTo === 'everyone') return sealers;
    const group =
      engine === 'ribft' || engine === 'ribft-shared'
        ? leaders.findLastIndex((_, each) => Math.floor((each * cell.nodes) / groups) <= at)
        : 0;
    const leader = leaders[group];
    return leader === undefined ? [] : [leader];
  };
  const arrivals = new Map<number, number[]>();
  let commits = 0;
  const nodes = environments.map(
    (environment, at) =>
      new EngineNode({
        environment,
        key: keys[at] as NodeKey,
        domain: DOMAIN,
        engine: spec.create(
          {
            domain: DOMAIN,
            self: environment.node,
            baseTimeoutMicros: options.operated?.baseTimeoutMicros ?? options.withinMicros * PATIENCE,
          },
          { groups, powIntervalMicros: POW_INTERVAL_MICROS, powConfirmations: 6 },
        ),
        sealers,
        bodiesTo: leaderFor(at).filter((node) => node !== environment.node),
        batchMicros: options.batchMicros ?? 500_000,
        blockBytesMax: spec.blockBytesMax ?? Number.MAX_SAFE_INTEGER,
        onCommit: ({ id }) => {
          commits += 1;
          arrivals.set(id, [...(arrivals.get(id) ?? []), world.now]);
        },
      }),
  );
  for (const environment of environments) await environment.network.start(openDoor);
  for (const [at, environment] of environments.entries()) {
    const peers = environments.slice(at + 1).map(({ node, network }) => ({ node, addresses: network.addresses() }));
    await world.run(Promise.all(peers.map((peer) => environment.network.connect(peer))));
  }
  for (const node of nodes) node.start();
  await world.runFor(SECOND_MICROS);
  const before = world.stats();
  const startedAt = world.now;
  for (let id = 0; id < cell.transactions; id++) {
    const at = cell.entry === 'one' ? 0 : Math.floor((id * cell.nodes) / cell.transactions) % cell.nodes;
    nodes[at]?.submit(makeBody(id, cell.sizeBytes));
  }
  // RIBFT keeps a body within its domain; everywhere else every node has every body.
  const holders = (at: number): number => (engine === 'ribft' ? groupSizeAt(at, { nodes: cell.nodes, groups }) : cell.nodes);
  let expected = 0;
  for (let id = 0; id < cell.transactions; id++)
    expected += holders(cell.entry === 'one' ? 0 : Math.floor((id * cell.nodes) / cell.transactions) % cell.nodes);
  const finished = await world
    .runUntil(() => commits >= expected, options.withinMicros)
    .then(
      () => true,
      () => false,
    );
  const makespanMicros = world.now - startedAt;
  const stats = world.stats();
  const last = [...arrivals.values()].map((times) => (Math.max(...times) - startedAt) / 1000);
  return {
    engine,
    label: spec.label,
    cell,
    finished,
    committed: arrivals.size,
    makespanMs: finished ? makespanMicros / 1000 : undefined,
    goodputShare: finished
      ? (cell.transactions * cell.sizeBytes * 8) / (makespanMicros / SECOND_MICROS) / cell.bitsPerSecond
      : undefined,
    latencyMs: percentiles(last),
    networkBytes: stats.messageBytes - before.messageBytes,
    messages: stats.messages - before.messages,
    viewChanges: nodes.reduce((sum, { rounds }) => sum + rounds.length, 0),
    virtualSeconds: stats.virtualSeconds,
    traceHash: world.traceHash(),
  };
}

function latencyOf({ latencyMicros }: Cell, { jitterMicros = 0 }: RunCellOptions): Latency {
  if (jitterMicros === 0) return latencyMicros;
  return { kind: 'uniform', minMicros: latencyMicros - jitterMicros, maxMicros: latencyMicros + jitterMicros };
}

function groupSizeAt(at: number, { nodes, groups }: { readonly nodes: number; readonly groups: number }): number {
  for (let group = groups - 1; group >= 0; group--) {
    const start = Math.floor((group * nodes) / groups);
    if (at >= start) return Math.floor(((group + 1) * nodes) / groups) - start;
  }
  return nodes;
}

function makeKeys(count: number, seed: number): readonly NodeKey[] {
  const keys = Array.from({ length: count }, (_, at) => keyFrom(keccak256(new TextEncoder().encode(`comparison ${seed} ${at}`))));
  return keys.toSorted((left, right) => (left.address < right.address ? -1 : 1));
}
