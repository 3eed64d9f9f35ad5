import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { TreadleError } from '../../errors.ts';
import { Campaign, type CampaignSummary, type FailedRun } from '../../experiments/faults/index.ts';
import { SEALERS_MAX } from '../../limits.ts';
import { chooseFaultScenarios } from '../fault-library.ts';
import type { FuzzResult, FuzzTask } from '../fuzz-child.ts';
import { runFuzzPool } from '../fuzz-pool.ts';
import { decimal, wholeNumber } from '../numbers.ts';
import { createOutput, type Output } from '../output.ts';
import './../errors.ts';

export interface FuzzOptions {
  readonly seeds: string;
  readonly minutes?: string;
  readonly nodes?: string;
  readonly scenario?: string;
  readonly workers?: string;
  readonly report?: string;
  readonly json?: boolean;
}

const PROGRESS_MS = 10_000;
const WORKERS_MAX = 256;

/** `treadle fuzz`: many seeds of fault scenarios, or of scenarios that the seed draws, one process per core. */
export async function fuzz(options: FuzzOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const { from, to } = readSeeds(options.seeds);
  const nodes = options.nodes === undefined ? undefined : wholeNumber('--nodes', options.nodes, { min: 4, max: SEALERS_MAX });
  const minutes = options.minutes === undefined ? undefined : decimal('--minutes', options.minutes, { min: 0.01, max: 100_000 });
  const files = options.scenario === undefined ? [undefined] : chooseFaultScenarios(options.scenario);
  const workers =
    options.workers === undefined
      ? availableParallelism()
      : wholeNumber('--workers', options.workers, { min: 1, max: WORKERS_MAX });
  const { campaign, wallMs } = await runCampaign(
    {
      files,
      from,
      to,
      workers,
      ...(nodes !== undefined && { nodes }),
      ...(minutes !== undefined && { minutes }),
      ...(options.report !== undefined && { report: options.report }),
    },
    out,
  );
  const summary = campaign.summary();
  show(out, summary, wallMs);
  out.result({ seeds: { from, to }, wallSeconds: Math.round(wallMs) / 1000, ...summary });
  if (summary.failures > 0 || summary.missed.length > 0) process.exitCode = 1;
}

export interface CampaignPlan {
  /** Scenario files; undefined stands for scenarios that the seed draws. */
  readonly files: readonly (string | undefined)[];
  /** Files that are run with the first seed only. */
  readonly once?: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly nodes?: number;
  readonly minutes?: number;
  readonly workers: number;
  /** Finished runs are noted there, and not done again. */
  readonly report?: string;
}

/** Runs a campaign and tells of its progress. */
export async function runCampaign(
  plan: CampaignPlan,
  out: Output,
): Promise<{ readonly campaign: Campaign; readonly wallMs: number; readonly lastSeed: number }> {
  const campaign = new Campaign();
  const started = performance.now();
  const known = plan.report === undefined ? new Set<string>() : recall(plan.report, campaign);
  if (known.size > 0) out.line(`${known.size} runs are in ${plan.report} already`);
  let lastSeed = plan.from;
  let toldAt = started;
  const onResult = (result: FuzzResult): void => {
    if (plan.report !== undefined) appendFileSync(plan.report, `${JSON.stringify(result)}\n`);
    lastSeed = Math.max(lastSeed, result.task.seed);
    const failed = take(campaign, result);
    if (failed !== undefined) tell(out, failed);
    if (performance.now() - toldAt < PROGRESS_MS) return;
    toldAt = performance.now();
    out.line(
      `${campaign.runs} runs, ${campaign.failures} failed, seed ${lastSeed}, ${((toldAt - started) / 60_000).toFixed(1)} min`,
    );
  };
  const overAt = plan.minutes === undefined ? Number.POSITIVE_INFINITY : started + plan.minutes * 60_000;
  await runFuzzPool({ workers: plan.workers, tasks: tasksOf(plan, known), isOver: () => performance.now() >= overAt, onResult });
  return { campaign, wallMs: performance.now() - started, lastSeed };
}

/** Every scenario with one seed, then with the next: a campaign that is cut short has tried all of them. */
function* tasksOf(plan: CampaignPlan, known: ReadonlySet<string>): Generator<FuzzTask> {
  for (let seed = plan.from; seed <= plan.to; seed++) {
    for (const file of seed === plan.from ? [...plan.files, ...(plan.once ?? [])] : plan.files) {
      const task = {
        seed,
        replay: replayOf(file, seed, plan.nodes),
        ...(file !== undefined && { file }),
        ...(plan.nodes !== undefined && { nodes: plan.nodes }),
      };
      if (!known.has(task.replay)) yield task;
    }
  }
}

/** The one command that does a run again. */
export function replayOf(file: string | undefined, seed: number, nodes: number | undefined): string {
  const size = nodes === undefined ? '' : ` --nodes ${nodes}`;
  if (file === undefined) return `treadle fuzz --seeds ${seed}..${seed}${size}`;
  return `treadle sim ${relative(process.cwd(), file)} --seed ${seed}${size}`;
}

function take(campaign: Campaign, result: FuzzResult): FailedRun | undefined {
  if ('report' in result) return campaign.add(result.report);
  const { seed, nodes, replay, file } = result.task;
  const scenario =
    file === undefined
      ? 'swarm'
      : (file
          .split('/')
          .at(-1)
          ?.replace(/\.yaml$/, '') ?? file);
  return campaign.addBroken({ scenario, seed, nodes: nodes ?? 0, replay, error: result.error });
}

/** Runs that an earlier campaign noted. */
function recall(report: string, campaign: Campaign): ReadonlySet<string> {
  const known = new Set<string>();
  if (!existsSync(report)) return known;
  for (const line of readFileSync(report, 'utf8').split('\n')) {
    if (line === '') continue;
    const result = parseLine(line, report);
    if (known.has(result.task.replay)) continue;
    known.add(result.task.replay);
    take(campaign, result);
  }
  return known;
}

function parseLine(line: string, report: string): FuzzResult {
  try {
    return JSON.parse(line) as FuzzResult;
  } catch (cause) {
    throw new TreadleError('CLI_FILE_UNREADABLE', { detail: `${report} holds a line that is no run of a campaign`, cause });
  }
}

function readSeeds(text: string): { readonly from: number; readonly to: number } {
  const [, first = '', last = first] = /^(\d+)(?:\.\.(\d+))?$/.exec(text) ?? [];
  const bounds = { min: 0, max: Number.MAX_SAFE_INTEGER };
  const from = wholeNumber('--seeds', first === '' ? text : first, bounds);
  const to = wholeNumber('--seeds', last, bounds);
  if (to < from) throw new TreadleError('CLI_BAD_OPTION', { detail: `--seeds is "${text}", its end lies before its start` });
  return { from, to };
}

function tell(out: Output, { replay, why }: FailedRun): void {
  out.line(`FAILED  ${replay}`);
  for (const reason of why.slice(0, 5)) out.line(`        ${reason.slice(0, 500)}`);
}

function show(out: Output, summary: CampaignSummary, wallMs: number): void {
  out.line();
  out.table(
    summary.scenarios.map((each) => ({
      scenario: each.scenario,
      runs: each.runs,
      failed: each.failures,
      violations: each.violations,
      'not live': each.notLive,
      blocks: each.commits,
      'p50 ms': each.commitLatencyMs.p50.median,
      'p99 ms': each.commitLatencyMs.p99.median,
      'longest gap ms': each.longestGapMs.worst,
      'recovery ms': each.recoveryMs.worst,
      'max round': each.roundMax,
    })),
  );
  out.line();
  for (const [name, { runs, times }] of Object.entries(summary.sometimes))
    out.line(`${String(runs).padStart(7)} runs, ${String(times).padStart(8)} times: ${name}`);
  if (summary.never.length > 0) out.line(`never reached: ${summary.never.join('; ')}`);
  if (summary.missed.length > 0) out.line(`MISSED  enough runs might have reached: ${summary.missed.join('; ')}`);
  out.line(
    `${summary.runs} runs, ${summary.virtualHours} h of virtual time in ${(wallMs / 60_000).toFixed(1)} min: ${summary.violations} violations, ${summary.notLive} not live, ${summary.failures} failed`,
  );
}
