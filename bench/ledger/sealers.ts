import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writePlan } from '../../src/cli/commands/init.ts';
import { createSupervisor, type Supervised } from '../../src/cli/supervisor.ts';
import { planConsortium } from '../../src/consortium/index.ts';

const CHAIN_ID = 7331;
const STOP_GRACE_MS = 10_000;
/** The unit of the kernel's counts of processor time (USER_HZ), the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** A sealer in a process of its own. */
export interface Sealer {
  readonly name: string;
  readonly pid: number;
  readonly rpcUrl: string;
  isDead: boolean;
}

/** Resident memory in MB, as the kernel counts it. */
export interface Memory {
  /** The largest resident set at any moment. */
  readonly peakMb: number;
  /** The process's own memory, and pages of files that it maps, at the moments that were looked at. */
  readonly anonymousMbMax: number;
  readonly fileMbMax: number;
}

/** Four sealers in four processes, in a folder of their own. */
export interface Sealers {
  readonly chainId: number;
  readonly all: readonly Sealer[];
  alive(): readonly Sealer[];
  /** kill -9. */
  kill(sealer: Sealer): Promise<void>;
  /** Seconds of processor time that the living sealers have taken in all. */
  cpuSeconds(): number;
  /** Looks at the living sealers and returns the most that any of them has taken so far. */
  memory(): Memory;
  /** Ends every process and deletes the folder. */
  stop(): Promise<void>;
}

/** Lays out a consortium on free loopback ports and starts its sealers, by default four. */
export async function startSealers(count = 4): Promise<Sealers> {
  const folder = mkdtempSync(path.join(tmpdir(), 'treadle-bench-'));
  const supervisor = createSupervisor(path.join(folder, 'logs'));
  const stop = async (): Promise<void> => {
    await supervisor.stop(STOP_GRACE_MS);
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    const peers = await freePort();
    const plan = planConsortium({
      chainId: CHAIN_ID,
      name: 'Benchmark',
      companies: Array.from({ length: count - 1 }, (_, at) => `Company ${at + 1} (bench)`),
      edgeNodes: 0,
      devices: 0,
      ports: { peers, rpc: peers + 20, console: peers + 40 },
      random: { bytes: (length) => randomBytes(length), float: () => randomBytes(4).readUInt32BE() / 2 ** 32 },
      nowMs: Date.now(),
    });
    await writePlan(folder, plan);
    const names = plan.members.filter(({ role }) => role === 'proxy' || role === 'company').map((member) => member.folder);
    const started = await Promise.all(
      names.map((name) => supervisor.start({ name, stage: 0, args: ['node', '--folder', path.join(folder, name)] })),
    );
    const all = started.map(sealerOf);
    let memory: Memory = { peakMb: 0, anonymousMbMax: 0, fileMbMax: 0 };
    return {
      chainId: CHAIN_ID,
      all,
      alive: () => all.filter(({ isDead }) => !isDead),
      async kill(sealer) {
        sealer.isDead = true;
        const supervised = supervisor.processes.get(sealer.name) as Supervised;
        const gone = new Promise((resolve) => supervised.process.once('exit', resolve));
        supervised.process.kill('SIGKILL');
        await gone;
      },
      cpuSeconds: () => all.reduce((sum, sealer) => sum + (sealer.isDead ? 0 : cpuSecondsOf(sealer.pid)), 0),
      memory() {
        for (const { pid, isDead } of all) if (!isDead) memory = larger(memory, memoryOf(pid));
        return memory;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function sealerOf({ plan, process: child, report }: Supervised): Sealer {
  if (child.pid === undefined || report?.rpcUrl === undefined) throw new Error(`${plan.name} serves no JSON-RPC`);
  return { name: plan.name, pid: child.pid, rpcUrl: report.rpcUrl, isDead: false };
}

export function cpuSecondsOf(pid: number): number {
  // The name in brackets may hold spaces: the fields are counted from after it.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) / 1024;
  return { peakMb: megabytes('VmHWM'), anonymousMbMax: megabytes('RssAnon'), fileMbMax: megabytes('RssFile') };
}

function larger(left: Memory, right: Memory): Memory {
  return {
    peakMb: Math.max(left.peakMb, right.peakMb),
    anonymousMbMax: Math.max(left.anonymousMbMax, right.anonymousMbMax),
    fileMbMax: Math.max(left.fileMbMax, right.fileMbMax),
  };
}

/** A port that is free now, with room for others above it. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(Math.min(port, 64_000)));
    });
  });
}
