/**
 * The speed of the ledger: four sealers in four processes of this machine, load from a fifth. Offered load rises step by step
 * until it saturates; then finality is measured at 70 % of that, and at last one sealer is killed under load.
 *
 *   node bench/run.ts ledger [--json] [--only records,erc20,payload,one-dead] [--seconds N] [--from N] [--steps N]
 *
 * `--seconds` is the length of a step, `--from` the load that the first one offers (per second), `--steps` how many there are at most.
 */
import { parseArgs } from 'node:util';
import { Load, type MakeItem, type Step, type Way } from './ledger/load.ts';
import { type Sealer, type Sealers, startSealers } from './ledger/sealers.ts';
import { type Watcher, watch } from './ledger/watcher.ts';
import { erc20Workload, payloadWorkload, recordsWorkload } from './ledger/workloads.ts';

const PARTS = ['records', 'erc20', 'payload', 'one-dead'] as const;
const PAYLOADS = { payload100KB: 100_000, payload500KB: 500_000, payload1MB: 1_000_000 } as const;
const STEP_SECONDS = 8;
const STEP_FACTOR = 1.4;
/** So long, a sealer runs ten thousand transactions: before that, half of its time goes into compiling them. */
const WARM_UP_SECONDS = 12;
const STEPS_MAX = 14;
/** Below this share of what is offered, a step is saturated. */
const KEPT_SHARE = 0.9;
const LATENCY_MS_MAX = 5_000;
const STEADY_SHARE = 0.7;
/** So long the backlog of the overload may take to commit before finality is measured. */
const SETTLE_SECONDS_MAX = 60;
/** What the others need to notice that a sealer is gone, and to leave it out. */
const AFTER_DEATH_SECONDS = 6;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    only: { type: 'string' },
    seconds: { type: 'string' },
    from: { type: 'string' },
    steps: { type: 'string' },
  },
  args: process.argv.slice(2).filter((argument) => argument !== 'ledger'),
});
const parts = new Set(values.only?.split(',') ?? PARTS);
for (const part of parts)
  if (!PARTS.some((known) => known === part)) throw new Error(`--only knows ${PARTS.join(', ')}, not "${part}"`);
const seconds = Number(values.seconds ?? STEP_SECONDS);
const stepsMax = Number(values.steps ?? STEPS_MAX);
if (!(seconds >= 1)) throw new Error('--seconds is the length of a step, at least 1');

interface Saturation {
  readonly throughputPerSecond: number;
  /** At 70 % of saturation. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly cpuSecondsPer1000: number;
  /** Of the overload before, seconds until all of it had committed, and what had not when it was waited for no longer. */
  readonly backlog: { readonly seconds: number; readonly left: number };
  readonly steady: Step;
  readonly steps: readonly Step[];
}

const sealers = await startSealers();
const stop = async (): Promise<void> => sealers.stop();
process.once('SIGINT', () => void stop().finally(() => process.exit(130)));
process.once('SIGTERM', () => void stop().finally(() => process.exit(143)));
try {
  const result = await measureAll(sealers);
  if (values.json) console.log(JSON.stringify(result));
} finally {
  await stop();
}

async function measureAll(cluster: Sealers): Promise<Record<string, unknown>> {
  const load = new Load(cluster);
  const [first] = cluster.all as [Sealer];
  const watcher = await watch(first.rpcUrl);
  const result: Record<string, unknown> = {};
  const records = recordsWorkload(cluster);
  let saturated = 0;
  if (parts.has('records')) {
    const batch = await saturate('records (POST /batch)', load, watcher, { make: records, from: 800, way: 'batch' });
    const rpc = await saturate('records (JSON-RPC)', load, watcher, { make: records, from: 800, way: 'json-rpc' });
    saturated = batch.throughputPerSecond;
    result.records = { ...batch, jsonRpc: rpc };
  }
  if (parts.has('erc20')) {
    const transfers = await erc20Workload(cluster);
    result.erc20 = await saturate('ERC-20 transfers', load, watcher, { make: transfers, from: 100, way: 'batch' });
  }
  if (parts.has('payload')) {
    for (const [name, bodyBytes] of Object.entries(PAYLOADS)) {
      const make = payloadWorkload(cluster, bodyBytes);
      const from = 8_000_000 / bodyBytes;
      const found = await saturate(`payloads of ${bodyBytes / 1000} KB`, load, watcher, { make, from, way: 'batch' });
      const megabytesPerSecond = (found.throughputPerSecond * bodyBytes) / 1e6;
      tell(`  ${megabytesPerSecond.toFixed(1)} MB/s of bodies`);
      result[name] = { megabytesPerSecond, ...found };
    }
  }
  if (parts.has('one-dead')) result.oneDead = await killOne(cluster, load, watcher, { make: records, saturated });
  watcher.close();
  const { peakMb, anonymousMbMax, fileMbMax } = cluster.memory();
  tell(
    `largest sealer: ${peakMb.toFixed(0)} MB resident at its peak; after the steps at most ${anonymousMbMax.toFixed(0)} MB of its own ` +
      `and ${fileMbMax.toFixed(0)} MB of mapped files (its program and LevelDB's tables, which the kernel drops when others need room)`,
  );
  return { ...result, memoryMbMax: peakMb, anonymousMbMax, fileMbMax };
}

/** Raises the load until less than nine tenths of it come through, then measures at 70 % of the best. */
async function saturate(
  title: string,
  load: Load,
  watcher: Watcher,
  { make, from, way }: { readonly make: MakeItem; readonly from: number; readonly way: Way },
): Promise<Saturation> {
  tell(`\n${title}`);
  const steps: Step[] = [];
  let best = 0;
  let saturatedInARow = 0;
  // Code is compiled and connections are made by a first step that counts for nothing.
  await load.step(make, watcher, { ratePerSecond: Number(values.from ?? from), seconds: WARM_UP_SECONDS, way });
  for (let rate = Number(values.from ?? from); steps.length < stepsMax; rate *= STEP_FACTOR) {
    const step = await load.step(make, watcher, { ratePerSecond: rate, seconds, way });
    steps.push(step);
    tellStep(step);
    sealers.memory();
    best = Math.max(best, step.throughputPerSecond);
    const isSaturated = step.throughputPerSecond < KEPT_SHARE * rate || step.p95Ms > LATENCY_MS_MAX;
    saturatedInARow = isSaturated ? saturatedInARow + 1 : 0;
    // Twice: one slow moment of the machine is not the end.
    if (saturatedInARow === 2) break;
  }
  const settling = performance.now();
  const left = await load.settle(watcher, { way, secondsMax: SETTLE_SECONDS_MAX });
  const backlog = { seconds: (performance.now() - settling) / 1000, left };
  tell(
    `  the backlog ${left === 0 ? 'had committed' : `had not committed (${left} open)`} after ${backlog.seconds.toFixed(1)} s`,
  );
  const steady = await load.step(make, watcher, { ratePerSecond: STEADY_SHARE * best, seconds, way });
  tell(`  saturated at ${best.toFixed(0)}/s; at 70 % of it:`);
  tellStep(steady);
  const { p50Ms, p95Ms, p99Ms, cpuSecondsPer1000 } = steady;
  return { throughputPerSecond: best, p50Ms, p95Ms, p99Ms, cpuSecondsPer1000, backlog, steady, steps };
}

interface OneDead {
  readonly throughputRatio: number;
  readonly before: Step;
  readonly after: Step;
}

/** The same load with four sealers, and with three after the fourth was killed. */
async function killOne(
  cluster: Sealers,
  load: Load,
  watcher: Watcher,
  { make, saturated }: { readonly make: MakeItem; readonly saturated: number },
): Promise<OneDead> {
  tell('\none of four sealers dead');
  const offered =
    saturated > 0
      ? saturated
      : (await saturate('records (POST /batch)', load, watcher, { make, from: 800, way: 'batch' })).throughputPerSecond;
  const step = { ratePerSecond: offered, seconds: 2 * seconds, way: 'batch' } as const;
  const before = await load.step(make, watcher, step);
  tellStep(before);
  await cluster.kill(cluster.all.at(-1) as Sealer);
  // Blocks go on while the others learn to leave it out; what that costs is a figure of its own, the longest gap.
  await load.step(make, watcher, { ...step, ratePerSecond: offered / 4, seconds: AFTER_DEATH_SECONDS });
  const after = await load.step(make, watcher, step);
  tellStep(after);
  const throughputRatio = after.throughputPerSecond / before.throughputPerSecond;
  tell(`  ${(100 * throughputRatio).toFixed(0)} % of the throughput with four`);
  return { throughputRatio, before, after };
}

function tellStep(step: Step): void {
  const { offeredPerSecond, throughputPerSecond, p50Ms, p95Ms, p99Ms, refused, missing, cpuSecondsPer1000 } = step;
  const counts = [refused > 0 && `${refused} refused`, missing > 0 && `${missing} missing`].filter(Boolean).join(', ');
  tell(
    `  offered ${offeredPerSecond.toFixed(1).padStart(7)}/s  final ${throughputPerSecond.toFixed(1).padStart(7)}/s  ` +
      `p50 ${p50Ms.toFixed(0)} p95 ${p95Ms.toFixed(0)} p99 ${p99Ms.toFixed(0)} ms  ` +
      `${cpuSecondsPer1000.toFixed(3)} s of processor per 1,000${counts && `  ${counts}`}`,
  );
}

/** Progress goes where it does not spoil the document. */
function tell(line: string): void {
  (values.json ? process.stderr : process.stdout).write(`${line}\n`);
}
