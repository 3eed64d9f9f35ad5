/**
 * The speed of simulated consortia, real code and real signatures throughout: `scenarios/edge-sharing.yaml` (4 sealers, 20
 * edge nodes, 100 devices) for 2 virtual minutes, twice, of which the second finds the code compiled; 27 sealers with 10 edge
 * nodes and 50 devices; and 1,000 nodes, of which 100 are sealers, 100 edge nodes, one a centre and 799 devices. The latter two are
 * measured from when everybody is up, at one block a second while tasks are done. Prints virtual seconds and events per second of
 * real time and of processor time (all threads), and where the time of edge-sharing goes.
 *
 *   node bench/simulator.ts [--json] [edgeSharing] [sealers27] [nodes1000]
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createCluster, loadScenario, runScenario, type Scenario } from '../src/experiments/index.ts';
import { type TimeShares, whereTimeGoes } from './where-time-goes.ts';

const SEED = 7;
const SECOND = 1_000_000;
const SHARES_SHOWN = 16;
/** Virtual time after everybody is ready and before the measurement: code is compiled, caches have their size. */
const WARM_UP_SECONDS = 10;
const PARTS = ['edgeSharing', 'sealers27', 'nodes1000'] as const;
type Part = (typeof PARTS)[number];

interface Speed {
  readonly virtualSeconds: number;
  readonly events: number;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly virtualPerCpuSecond: number;
  readonly virtualPerWallSecond: number;
  readonly eventsPerCpuSecond: number;
  readonly traceHash: string;
}

const file = path.resolve(import.meta.dirname, '../scenarios/edge-sharing.yaml');
const edgeSharingScenario: Scenario = {
  ...loadScenario(readFileSync(file, 'utf8'), { file, readFile: (name) => readFileSync(path.resolve(file, '..', name), 'utf8') }),
  durationMicros: 120 * SECOND,
};

const json = process.argv.includes('--json');
const asked = PARTS.filter((part) => process.argv.includes(part));
const results: Partial<Record<Part, unknown>> = {};
for (const part of asked.length > 0 ? asked : PARTS) {
  results[part] = part === 'edgeSharing' ? await edgeSharing() : await standing(part);
}
if (json) console.log(JSON.stringify(results));

async function edgeSharing(): Promise<unknown> {
  const run = () => timed(() => runScenario(edgeSharingScenario, { seed: SEED, wallSeconds: () => performance.now() / 1000 }));
  const measure = async (): Promise<Speed> => {
    const { result, ...time } = await run();
    return speedOf(time, { ...result, events: result.network.events });
  };
  const cold = await measure();
  const warm = await measure();
  if (cold.traceHash !== warm.traceHash) throw new Error('two runs of one seed differ');
  const shares = await whereTimeGoes(run);
  print('edgeSharing, cold', cold);
  print('edgeSharing, warm', warm);
  printShares(shares);
  return { ...warm, cold, shares };
}

/** A consortium that is up: what does one virtual second of its life cost? */
async function standing(part: Exclude<Part, 'edgeSharing'>): Promise<Speed> {
  const [sealers, edges, devices, seconds] = part === 'sealers27' ? [27, 10, 50, 120] : [100, 100, 799, 30];
  const { ledger, edge, devices: machines, network } = edgeSharingScenario;
  const cluster = createCluster(
    {
      ...edgeSharingScenario,
      ledger: { ...ledger, companies: sealers - 1, sealers, blockIntervalMicros: SECOND },
      edge: { ...edge, count: edges },
      devices: { ...machines, count: devices, taskIntervalMicros: 60 * SECOND },
      // A plant's own network; eight hundred devices that ask for all contacts at the same moment are the start, not the measurement.
      network: {
        ...network,
        bandwidthBitsPerSecond: 1_000_000_000,
        devices: { ...network.devices, bandwidthBitsPerSecond: 50_000_000 },
      },
    },
    SEED,
  );
  await cluster.start();
  await cluster.world.run(Promise.all(cluster.running('device').map((device) => device.ready)));
  await cluster.world.runFor(WARM_UP_SECONDS * SECOND);
  const before = cluster.world.stats().events;
  const time = await timed(() => cluster.world.runFor(seconds * SECOND));
  const speed = speedOf(time, {
    virtualSeconds: seconds,
    events: cluster.world.stats().events - before,
    traceHash: cluster.world.traceHash(),
  });
  print(part, speed);
  return speed;
}

interface Time {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
}

async function timed<T>(work: () => Promise<T>): Promise<Time & { readonly result: T }> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const result = await work();
  const { user, system } = process.cpuUsage(cpu);
  return { result, cpuSeconds: (user + system) / 1e6, wallSeconds: (performance.now() - started) / 1000 };
}

function speedOf(
  { cpuSeconds, wallSeconds }: Time,
  { virtualSeconds, events, traceHash }: { readonly virtualSeconds: number; readonly events: number; readonly traceHash: string },
): Speed {
  return {
    virtualSeconds,
    events,
    cpuSeconds,
    wallSeconds,
    virtualPerCpuSecond: virtualSeconds / cpuSeconds,
    virtualPerWallSecond: virtualSeconds / wallSeconds,
    eventsPerCpuSecond: events / cpuSeconds,
    traceHash,
  };
}

function print(name: string, speed: Speed): void {
  if (json) return;
  console.log(
    `${name.padEnd(17)} ${speed.virtualSeconds.toFixed(1)} virtual seconds, ${speed.events} events: ` +
      `${speed.virtualPerWallSecond.toFixed(1)} x real time, ${speed.virtualPerCpuSecond.toFixed(1)} virtual seconds and ` +
      `${(speed.eventsPerCpuSecond / 1000).toFixed(1)} k events per processor second, trace ${speed.traceHash.slice(0, 16)}…`,
  );
}

function printShares(where: TimeShares): void {
  if (json) return;
  console.log('\nWhere the main thread was:');
  for (const { where: place, share } of where.slice(0, SHARES_SHOWN))
    console.log(`${(100 * share).toFixed(1).padStart(6)} %  ${place}`);
  const rest = where.slice(SHARES_SHOWN).reduce((sum, { share }) => sum + share, 0);
  console.log(`${(100 * rest).toFixed(1).padStart(6)} %  ${where.length - SHARES_SHOWN} other places\n`);
}
