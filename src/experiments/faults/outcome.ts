import { NODE_MEMORY_BYTES_MAX, POOL_TRANSACTIONS_MAX } from '../../limits.ts';
import { type Percentiles, percentiles } from '../percentiles.ts';
import type { Cast } from './cast.ts';
import type { ChainWatch } from './chain-watch.ts';
import type { EvidenceWatch } from './evidence-watch.ts';
import type { FaultCluster } from './fault-cluster.ts';
import type { FaultReport } from './fault-report.ts';
import { countIn, type FaultKind, type FaultScenario } from './format/fault-scenario.ts';
import { Possible } from './reachable.ts';
import type { Sometimes } from './sometimes.ts';
import type { Verdict } from './verdict.ts';
import type { VoteWatch } from './vote-watch.ts';
import type { Workload } from './workload.ts';

/** How the liveness phase went. */
export interface Recovery {
  readonly live: boolean;
  readonly recoveryMs: number | null;
  readonly drainedMs: number | null;
  /** What was missing when the time was over. */
  readonly stuck: string | undefined;
}

/** What was measured while faults ran. */
export interface Measured {
  /** Of what was offered meanwhile, what was committed. */
  readonly share: number;
  /** Blocks per second, as a share of those before. */
  readonly blockRateShare: number;
  readonly healedAtMicros: number;
}

/** A finished run, to be judged and reported. */
export interface Outcome extends Measured {
  readonly scenario: FaultScenario;
  readonly seed: number;
  readonly replay: string;
  readonly n: number;
  readonly f: number;
  readonly cluster: FaultCluster;
  readonly cast: Cast;
  readonly chain: ChainWatch;
  readonly votes: VoteWatch;
  readonly load: Workload;
  readonly verdict: Verdict;
  readonly sometimes: Sometimes;
  readonly struck: ReadonlyMap<FaultKind, number>;
  /** Most that one node held. */
  readonly peaks: { readonly pool: number; readonly queue: number };
  readonly roundEnteredMax: number;
  readonly warmAtMicros: number;
  /** Stored values spoilt in all, and those that still are. */
  readonly damaged: number;
  readonly damagedLeft: number;
  readonly evidence: EvidenceWatch;
  readonly recovery: Recovery;
}

/** Holds a run to what its scenario asks for beyond safety, and to the limits of the code. */
export function checkOutcome(outcome: Outcome): void {
  const { scenario, verdict, share, recovery, load, chain, peaks, n, f } = outcome;
  const { checks, liveness } = scenario;
  checkPace(outcome);
  const percent = (value: number): string => `${(100 * value).toFixed(0)} %`;
  if (checks.throughputShare !== undefined && share < checks.throughputShare) {
    const wanted = percent(checks.throughputShare);
    verdict.violated('check', `throughput under faults was ${percent(share)}, at least ${wanted} is asked for`);
  }
  const { resumeMicros } = liveness;
  if (resumeMicros !== undefined && (recovery.recoveryMs ?? Number.POSITIVE_INFINITY) * 1000 > resumeMicros) {
    const took = `the first block after the heal took ${recovery.recoveryMs} ms`;
    verdict.violated('check', `${took}, at most ${resumeMicros / 1000} are asked for`);
  }
  if (checks.inclusionBlocks !== undefined) {
    const most = countIn(checks.inclusionBlocks, { n, f });
    const delay = inclusionDelay(load, chain);
    if (delay > most) verdict.violated('check', `a transaction waited ${delay} blocks, at most ${most} are allowed`);
  }
  if (peaks.queue > (scenario.machines.memoryBytes ?? NODE_MEMORY_BYTES_MAX))
    verdict.violated('limit', `a node kept ${peaks.queue} bytes for others`);
  if (peaks.pool > POOL_TRANSACTIONS_MAX) verdict.violated('limit', `a pool held ${peaks.pool} transactions`);
}

/** Blocks, and the end of what was under way. */
function checkPace(outcome: Outcome): void {
  const { scenario, verdict, blockRateShare, damagedLeft } = outcome;
  const { blockRateShare: wanted, gapMicros, hangoverMicros, repaired } = scenario.checks;
  if (wanted !== undefined && blockRateShare < wanted) {
    const [found, asked] = [blockRateShare, wanted].map((value) => `${(100 * value).toFixed(0)} %`);
    verdict.violated('check', `blocks came at ${found} of the rate before, at least ${asked} is asked for`);
  }
  const gapMs = gapUnderFaults(outcome);
  if (gapMicros !== undefined && gapMs * 1000 > gapMicros) {
    verdict.violated('check', `no block came for ${Math.round(gapMs)} ms, at most ${gapMicros / 1000} are allowed`);
  }
  const hangover = hangoverMs(outcome);
  if (hangoverMicros !== undefined && (hangover ?? Number.POSITIVE_INFINITY) * 1000 > hangoverMicros) {
    verdict.violated(
      'check',
      `what was acknowledged before the heal took ${hangover} ms after it, at most ${hangoverMicros / 1000} are allowed`,
    );
  }
  if (repaired && damagedLeft > 0) verdict.violated('check', `${damagedLeft} stored values are still spoilt in the end`);
}

function gapUnderFaults({ chain, warmAtMicros, healedAtMicros }: Outcome): number {
  const before = chain.blocks.filter(({ atMicros }) => atMicros < healedAtMicros);
  return longestGap([...before, { atMicros: healedAtMicros }], warmAtMicros);
}

/** From the heal until the last transaction was in a block that had been acknowledged before it; null while one is not. */
function hangoverMs({ load, healedAtMicros }: Outcome): number | null {
  let last = healedAtMicros;
  for (const { ackedMicros, includedMicros } of load.transactions.values()) {
    if (ackedMicros === undefined || ackedMicros > healedAtMicros) continue;
    if (includedMicros === undefined) return null;
    last = Math.max(last, includedMicros);
  }
  return round((last - healedAtMicros) / 1000);
}

/** The figures of a run. */
export function reportOutcome(outcome: Outcome): FaultReport {
  const { scenario, cluster, cast, chain, load, verdict, recovery } = outcome;
  const { blocks } = chain;
  noteRareStates(outcome);
  const stats = cluster.world.stats();
  const bytes = load.committedBytes;
  return {
    scenario: scenario.name,
    seed: outcome.seed,
    nodes: outcome.n,
    violations: verdict.count,
    violationList: verdict.violations,
    liveAfterHeal: recovery.live,
    stuck: recovery.stuck,
    commits: blocks.length,
    transactions: {
      submitted: load.transactions.size,
      attempts: load.attempts,
      acknowledged: load.acknowledged,
      committed: load.committed,
      refused: load.refused,
    },
    commitLatencyMs: rounded(percentiles(load.latenciesMs)),
    goodput: {
      transactionsPerSecond: round(load.committed / stats.virtualSeconds),
      bytesPerSecond: round(bytes / stats.virtualSeconds),
      share: round(outcome.share),
      blockRateShare: round(outcome.blockRateShare),
    },
    longestGapMs: round(longestGap(blocks, outcome.warmAtMicros)),
    longestGapUnderFaultsMs: round(gapUnderFaults(outcome)),
    recoveryMs: recovery.recoveryMs,
    drainedMs: recovery.drainedMs,
    hangoverMs: hangoverMs(outcome),
    roundMax: Math.max(0, ...blocks.map((block) => block.round)),
    roundEnteredMax: outcome.roundEnteredMax,
    bytesPerCommittedMb: bytes === 0 ? 0 : Math.round(stats.messageBytes / (bytes / 1e6)),
    damage: damageOf(outcome),
    evidence: outcome.evidence.figures(),
    memory: { poolTransactionsMax: outcome.peaks.pool, queueBytesMax: outcome.peaks.queue },
    sometimes: outcome.sometimes.counts(),
    possible: outcome.sometimes.possible(new Possible(scenario, new Set([...cast.liars.values()].flat()), outcome.n)),
    liars: Object.fromEntries(cast.liars),
    faults: Object.fromEntries(outcome.struck),
    traceHash: cluster.world.traceHash(),
    virtualSeconds: round(stats.virtualSeconds),
    events: stats.events,
    replay: outcome.replay,
  };
}

function damageOf({ cluster, cast, damaged, damagedLeft }: Outcome): FaultReport['damage'] {
  const honest = cluster.seats.filter((seat) => !cast.isLiar(seat));
  const total = (metric: string): number =>
    honest.flatMap(({ metrics }) => metrics).reduce((sum, metrics) => sum + (metrics.snapshot()[metric] ?? 0), 0);
  return {
    values: damaged,
    left: damagedLeft,
    found: total('storage_damaged_total'),
    repaired: total('storage_repaired_total'),
    fetchedBytes: total('storage_fetched_bytes_total'),
  };
}

function noteRareStates({ cluster, cast, chain, votes, load, sometimes }: Outcome): void {
  for (const seat of cluster.seats) {
    if (cast.isLiar(seat)) continue;
    for (const metrics of seat.metrics) sometimes.measure(metrics.snapshot());
  }
  const { blocks } = chain;
  sometimes.note('round above 0 committed', blocks.filter((block) => block.round > 0).length);
  sometimes.note('prepared value proposed again', votes.reproposed);
  sometimes.note('failed proposer passed over', blocks.filter(({ passedOver }) => passedOver).length);
  sometimes.note('empty block committed', blocks.filter(({ transactions }) => transactions === 0).length);
  sometimes.note('client told that the node is busy', load.refused);
}

function longestGap(blocks: readonly { readonly atMicros: number }[], fromMicros: number): number {
  let longest = 0;
  let last = fromMicros;
  for (const { atMicros } of blocks) {
    if (atMicros < fromMicros) continue;
    longest = Math.max(longest, atMicros - last);
    last = atMicros;
  }
  return longest / 1000;
}

/** Most blocks that passed between the moment in which a transaction could run (it and those before it acknowledged) and its own. */
function inclusionDelay(load: Workload, chain: ChainWatch): number {
  const ready = new Map<number, number>();
  let longest = 0;
  for (const { hash, account, ackedBy, ackedHeight } of load.transactions.values()) {
    const included = chain.included.get(hash);
    if (included === undefined) continue;
    const from = Math.max(ready.get(account) ?? 0, ackedBy === undefined ? included : ackedHeight);
    ready.set(account, from);
    longest = Math.max(longest, included - from);
  }
  return longest;
}

function rounded({ p50, p95, p99, max, count }: Percentiles): Percentiles {
  return { p50: round(p50), p95: round(p95), p99: round(p99), max: round(max), count };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
