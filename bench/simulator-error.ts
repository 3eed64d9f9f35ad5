/**
 * The simulator against reality: the same sealers, load and settings once as processes of this machine and once simulated with
 * times measured on it; prints both and by how much they differ.
 *
 *   node bench/run.ts simulator-error [--json] [--nodes 4,12] [--rates 200,800] [--seconds N]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { measureCpuCosts, measureSyncMicros } from '../src/cli/calibration.ts';
import { type SteadyLoadResult, simulateSteadyLoad } from '../src/experiments/index.ts';
import { Load } from './ledger/load.ts';
import { startSealers } from './ledger/sealers.ts';
import { watch } from './ledger/watcher.ts';
import { recordsWorkload } from './ledger/workloads.ts';

const SECONDS = 12;
const SEED = 1;
/** Loopback: a frame takes about this long through two kernels and an event loop that has nothing else to do. */
const LATENCY_MICROS = 200;

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, nodes: { type: 'string' }, rates: { type: 'string' }, seconds: { type: 'string' } },
  args: process.argv.slice(2).filter((argument) => argument !== 'simulator-error'),
});
const sizes = (values.nodes ?? '4').split(',').map(Number);
const rates = (values.rates ?? '200,800').split(',').map(Number);
const seconds = Number(values.seconds ?? SECONDS);

interface Compared {
  readonly nodes: number;
  readonly ratePerSecond: number;
  readonly real: { readonly throughputPerSecond: number; readonly p50Ms: number; readonly p95Ms: number };
  readonly simulated: SteadyLoadResult;
  /** (simulated - real) / real. */
  readonly throughputError: number;
  readonly p50Error: number;
}

const calibration = await calibrate();
const results: Compared[] = [];
for (const nodes of sizes) for (const ratePerSecond of rates) results.push(await comparison(nodes, ratePerSecond));
if (values.json) console.log(JSON.stringify({ simulatorError: results, calibration }));
else for (const each of results) print(each);

async function comparison(nodes: number, ratePerSecond: number): Promise<Compared> {
  const real = await realRun(nodes, ratePerSecond);
  const simulated = await simulateSteadyLoad({
    nodes,
    ratePerSecond,
    seconds,
    seed: SEED,
    calibration,
    // The sealers and the client that loads them share the cores.
    cpuShare: Math.min(1, availableParallelism() / (nodes + 1)),
    latencyMicros: LATENCY_MICROS,
  });
  return {
    nodes,
    ratePerSecond,
    real,
    simulated,
    throughputError: simulated.throughputPerSecond / real.throughputPerSecond - 1,
    p50Error: simulated.p50Ms / real.p50Ms - 1,
  };
}

async function realRun(nodes: number, ratePerSecond: number): Promise<Compared['real']> {
  const sealers = await startSealers(nodes);
  try {
    const [first] = sealers.all;
    if (first === undefined) throw new Error('no sealer runs');
    const watcher = await watch(first.rpcUrl);
    const load = new Load(sealers);
    const make = recordsWorkload(sealers);
    // The first step compiles the code; the second is measured.
    await load.step(make, watcher, { ratePerSecond, seconds: seconds / 2, way: 'batch' });
    const { throughputPerSecond, p50Ms, p95Ms } = await load.step(make, watcher, { ratePerSecond, seconds, way: 'batch' });
    watcher.close();
    return { throughputPerSecond, p50Ms, p95Ms };
  } finally {
    await sealers.stop();
  }
}

async function calibrate(): Promise<{ machine: string; costMicros: Readonly<Record<string, number>>; syncMicros: number }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'treadle-calibrate-'));
  try {
    return {
      machine: `Node ${process.versions.node}`,
      costMicros: await measureCpuCosts(),
      syncMicros: Math.round(await measureSyncMicros(folder)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function print({ nodes, ratePerSecond, real, simulated, throughputError, p50Error }: Compared): void {
  const percent = (share: number): string => `${share >= 0 ? '+' : ''}${(100 * share).toFixed(1)} %`;
  console.log(`${nodes} sealers, ${ratePerSecond} records/s offered`);
  console.log(
    `  throughput  real ${real.throughputPerSecond.toFixed(0)}/s, simulated ${simulated.throughputPerSecond.toFixed(0)}/s: ${percent(throughputError)}`,
  );
  console.log(`  p50         real ${real.p50Ms.toFixed(0)} ms, simulated ${simulated.p50Ms.toFixed(0)} ms: ${percent(p50Error)}`);
  console.log(`  p95         real ${real.p95Ms.toFixed(0)} ms, simulated ${simulated.p95Ms.toFixed(0)} ms`);
}
