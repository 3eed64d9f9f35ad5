/**
 * The speed of a simulated consortium: `scenarios/edge-sharing.yaml` (4 sealers, 20 edge nodes, 100 devices) for 2 virtual
 * minutes. Prints virtual seconds and events per second of processor time (all threads of the process) and of real time
 * for two runs, of which the second finds the code compiled, and from a third one where the time goes.
 *
 *   node bench/simulator.ts [--json]
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { loadScenario, runScenario, type Scenario } from '../src/experiments/index.ts';
import { type TimeShares, whereTimeGoes } from './where-time-goes.ts';

const MINUTES = 2;
const SEED = 7;
const SHARES_SHOWN = 16;
const file = path.resolve(import.meta.dirname, '../scenarios/edge-sharing.yaml');
const json = process.argv.includes('--json');

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

const scenario: Scenario = {
  ...loadScenario(readFileSync(file, 'utf8'), { file, readFile: (name) => readFileSync(path.resolve(file, '..', name), 'utf8') }),
  durationMicros: MINUTES * 60_000_000,
};
const cold = await measure();
const warm = await measure();
if (cold.traceHash !== warm.traceHash) throw new Error('two runs of one seed differ');
const shares = await whereTimeGoes(measure);
if (json) console.log(JSON.stringify({ simulator: { cold, warm, shares } }));
else print(shares);

async function measure(): Promise<Speed> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const { virtualSeconds, traceHash, network } = await runScenario(scenario, {
    seed: SEED,
    wallSeconds: () => performance.now() / 1000,
  });
  const { user, system } = process.cpuUsage(cpu);
  const cpuSeconds = (user + system) / 1e6;
  const wallSeconds = (performance.now() - started) / 1000;
  return {
    virtualSeconds,
    events: network.events,
    cpuSeconds,
    wallSeconds,
    virtualPerCpuSecond: virtualSeconds / cpuSeconds,
    virtualPerWallSecond: virtualSeconds / wallSeconds,
    eventsPerCpuSecond: network.events / cpuSeconds,
    traceHash,
  };
}

function print(where: TimeShares): void {
  console.log(`${cold.virtualSeconds.toFixed(1)} virtual seconds, ${cold.events} events, trace ${cold.traceHash.slice(0, 16)}…`);
  for (const [name, speed] of Object.entries({ cold, warm })) {
    console.log(
      `${name}  ${speed.cpuSeconds.toFixed(2)} s of processor, ${speed.wallSeconds.toFixed(2)} s of real time: ` +
        `${speed.virtualPerCpuSecond.toFixed(1)} and ${speed.virtualPerWallSecond.toFixed(1)} virtual seconds per second, ` +
        `${(speed.eventsPerCpuSecond / 1000).toFixed(1)} k events per processor second`,
    );
  }
  console.log('\nWhere the main thread was:');
  for (const { where: place, share } of where.slice(0, SHARES_SHOWN))
    console.log(`${(100 * share).toFixed(1).padStart(6)} %  ${place}`);
  const rest = where.slice(SHARES_SHOWN).reduce((sum, { share }) => sum + share, 0);
  console.log(`${(100 * rest).toFixed(1).padStart(6)} %  ${where.length - SHARES_SHOWN} other places`);
}
