import { percentiles } from '../percentiles.ts';
import { type FaultReport, isClean } from './fault-report.ts';
import { SOMETIMES } from './sometimes.ts';

/** A run that did not even end. */
export interface BrokenRun {
  readonly scenario: string;
  readonly seed: number;
  readonly nodes: number;
  readonly replay: string;
  readonly error: string;
}

/** What went wrong in one run, in short. */
export interface FailedRun {
  readonly scenario: string;
  readonly seed: number;
  readonly nodes: number;
  readonly replay: string;
  readonly why: readonly string[];
}

/** Middle and worst of a figure over the runs. */
export interface Spread {
  readonly median: number;
  readonly worst: number;
}

export interface ScenarioSummary {
  readonly scenario: string;
  readonly runs: number;
  readonly failures: number;
  readonly violations: number;
  readonly notLive: number;
  readonly commits: number;
  readonly virtualHours: number;
  readonly commitLatencyMs: { readonly p50: Spread; readonly p95: Spread; readonly p99: Spread };
  readonly longestGapMs: Spread;
  readonly recoveryMs: Spread;
  readonly drainedMs: Spread;
  readonly bytesPerCommittedMb: Spread;
  readonly goodputShare: number;
  readonly roundMax: number;
  readonly poolTransactionsMax: number;
  readonly queueBytesMax: number;
}

export interface CampaignSummary extends Omit<ScenarioSummary, 'scenario'> {
  readonly scenarios: readonly ScenarioSummary[];
  /** How many runs each size had. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly failed: readonly FailedRun[];
  /** In how many runs each rare state was reached, how often in all, and in how many runs it was possible. */
  readonly sometimes: Readonly<Record<string, Reached>>;
  /** Rare states that no run reached. */
  readonly never: readonly string[];
  /** Of these, those that enough runs might have reached: the campaign tests less than it says. */
  readonly missed: readonly string[];
}

/** How often a rare state came about. */
export interface Reached {
  readonly runs: number;
  readonly times: number;
  readonly possible: number;
}

/** A state that so many runs might have reached must have been reached; the rarest ones come in one of ten such runs. */
const POSSIBLE_RUNS_ENOUGH = 50;

/** Collects the runs of a campaign; keeps a line of figures per run, not the run. */
export class Campaign {
  readonly #runs: FaultReport[] = [];
  readonly #failed: FailedRun[] = [];
  readonly #broken = new Map<string, number>();

  add(report: FaultReport): FailedRun | undefined {
    this.#runs.push(report);
    if (isClean(report)) return undefined;
    const { scenario, seed, nodes, replay, violationList, stuck } = report;
    const why = violationList.map(({ kind, detail }) => `${kind}: ${detail}`);
    const failed = { scenario, seed, nodes, replay, why: stuck === undefined ? why : [...why, `not live: ${stuck}`] };
    this.#failed.push(failed);
    return failed;
  }

  addBroken({ scenario, seed, nodes, replay, error }: BrokenRun): FailedRun {
    const failed = { scenario, seed, nodes, replay, why: [`the run broke off: ${error}`] };
    this.#failed.push(failed);
    this.#broken.set(scenario, (this.#broken.get(scenario) ?? 0) + 1);
    return failed;
  }

  get runs(): number {
    return this.#runs.length + [...this.#broken.values()].reduce((sum, count) => sum + count, 0);
  }

  get failures(): number {
    return this.#failed.length;
  }

  summary(): CampaignSummary {
    const names = [...new Set([...this.#runs.map(({ scenario }) => scenario), ...this.#broken.keys()])].sort();
    const scenarios = names.map((name) => ({
      scenario: name,
      ...figures(
        this.#runs.filter(({ scenario }) => scenario === name),
        this.#failed.filter(({ scenario }) => scenario === name).length,
        this.#broken.get(name) ?? 0,
      ),
    }));
    const sometimes = reached(this.#runs);
    const never = SOMETIMES.map(({ name }) => name).filter((name) => (sometimes[name]?.runs ?? 0) === 0);
    return {
      ...figures(this.#runs, this.#failed.length, this.runs - this.#runs.length),
      scenarios,
      sizes: countBy(this.#runs, ({ nodes }) => String(nodes)),
      failed: this.#failed,
      sometimes,
      never,
      missed: never.filter((name) => (sometimes[name]?.possible ?? 0) >= POSSIBLE_RUNS_ENOUGH),
    };
  }
}

function figures(runs: readonly FaultReport[], failures: number, broken: number): Omit<ScenarioSummary, 'scenario'> {
  const sum = (pick: (run: FaultReport) => number): number => runs.reduce((total, run) => total + pick(run), 0);
  const most = (pick: (run: FaultReport) => number): number => runs.reduce((highest, run) => Math.max(highest, pick(run)), 0);
  const spread = (pick: (run: FaultReport) => number | null): Spread => {
    const { p50, max } = percentiles(runs.flatMap((run) => pick(run) ?? []));
    return { median: Math.round(p50), worst: Math.round(max) };
  };
  return {
    runs: runs.length + broken,
    failures,
    violations: sum(({ violations }) => violations),
    notLive: runs.filter(({ liveAfterHeal }) => !liveAfterHeal).length,
    commits: sum(({ commits }) => commits),
    virtualHours: Math.round(sum(({ virtualSeconds }) => virtualSeconds) / 36) / 100,
    commitLatencyMs: {
      p50: spread(({ commitLatencyMs }) => commitLatencyMs.p50),
      p95: spread(({ commitLatencyMs }) => commitLatencyMs.p95),
      p99: spread(({ commitLatencyMs }) => commitLatencyMs.p99),
    },
    longestGapMs: spread(({ longestGapMs }) => longestGapMs),
    recoveryMs: spread(({ recoveryMs }) => recoveryMs),
    drainedMs: spread(({ drainedMs }) => drainedMs),
    bytesPerCommittedMb: spread(({ bytesPerCommittedMb }) => bytesPerCommittedMb),
    goodputShare: percentiles(runs.map(({ goodput }) => goodput.share)).p50,
    roundMax: most(({ roundMax }) => roundMax),
    poolTransactionsMax: most(({ memory }) => memory.poolTransactionsMax),
    queueBytesMax: most(({ memory }) => memory.queueBytesMax),
  };
}

function reached(runs: readonly FaultReport[]): CampaignSummary['sometimes'] {
  const found: Record<string, Reached> = {};
  for (const { sometimes, possible } of runs) {
    for (const name of new Set([...Object.keys(sometimes), ...possible])) {
      const times = sometimes[name] ?? 0;
      const entry = found[name] ?? { runs: 0, times: 0, possible: 0 };
      found[name] = {
        runs: entry.runs + (times > 0 ? 1 : 0),
        times: entry.times + times,
        possible: entry.possible + (possible.includes(name) ? 1 : 0),
      };
    }
  }
  return found;
}

function countBy<T>(items: readonly T[], key: (item: T) => string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[key(item)] = (counts[key(item)] ?? 0) + 1;
  return counts;
}
