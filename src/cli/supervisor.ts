import { type ChildProcess, fork } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TreadleError } from '../errors.ts';
import type { ChildReport } from './child-report.ts';

/** One node to be run as a process of its own. */
export interface ProcessPlan {
  readonly name: string;
  /** Arguments of `treadle`, for example `['node', '--folder', ...]`. */
  readonly args: readonly string[];
  /** Later stages need the earlier ones, so they are stopped first. */
  readonly stage: number;
}

export interface Supervised {
  readonly plan: ProcessPlan;
  readonly process: ChildProcess;
  readonly logFile: string;
  /** The latest report of the process, if any. */
  report: ChildReport | undefined;
  exited: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined;
}

export interface Supervisor {
  readonly processes: ReadonlyMap<string, Supervised>;
  /** Starts a process and resolves with its first report. @throws TreadleError CLI_NODE_FAILED */
  start(plan: ProcessPlan): Promise<Supervised>;
  /** Asks every process to stop, stage by stage, and waits; whoever does not stop in time is killed. Starts nothing any more. */
  stop(graceMs: number): Promise<void>;
  onExit(listener: (supervised: Supervised) => void): void;
}

const mainFile = fileURLToPath(new URL('./main.ts', import.meta.url));
const READY_WITHIN_MS = 120_000;
/** V8 takes twice 64 MB for young objects on a machine with much memory; with twice 16 MB a sealer does its work in the same time. */
const YOUNG_GENERATION = ['--max-semi-space-size=16'];
/** glibc takes memory from up to eight arenas a core, each of which keeps what was freed in it: with two, a sealer under load has 30 MB less. */
const MALLOC_ARENAS = '2';

/** Runs nodes as child processes, each with a log file of its own in `logFolder`. */
export function createSupervisor(logFolder: string): Supervisor {
  const processes = new Map<string, Supervised>();
  const listeners: ((supervised: Supervised) => void)[] = [];
  const state = { stopping: false };

  const start = async (plan: ProcessPlan): Promise<Supervised> => {
    await mkdir(logFolder, { recursive: true });
    const logFile = join(logFolder, `${plan.name}.log`);
    // The process writes to its file itself: what it says last is not lost with the supervisor.
    const log = await open(logFile, 'a');
    if (state.stopping) {
      await log.close();
      throw new TreadleError('CLI_NODE_FAILED', { detail: `${plan.name} was not started: everything is being stopped` });
    }
    const child = fork(mainFile, [...plan.args], {
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
      // A terminal's Ctrl-C goes to the supervisor alone, which then stops everybody in order.
      detached: true,
      env: { MALLOC_ARENA_MAX: MALLOC_ARENAS, ...process.env },
      execArgv: [...process.execArgv, ...YOUNG_GENERATION],
    });
    const supervised: Supervised = { plan, process: child, logFile, report: undefined, exited: undefined };
    processes.set(plan.name, supervised);
    child.on('exit', (code, signal) => {
      supervised.exited = { code, signal };
      for (const listener of listeners) listener(supervised);
    });
    await Promise.all([firstReport(supervised), log.close()]);
    return supervised;
  };

  return {
    processes,
    start,
    onExit: (listener) => void listeners.push(listener),
    async stop(graceMs) {
      state.stopping = true;
      const all = [...processes.values()];
      const stages = [...new Set(all.map(({ plan }) => plan.stage))].sort((left, right) => right - left);
      for (const stage of stages) {
        const members = all.filter(({ plan }) => plan.stage === stage);
        await Promise.all(members.map((supervised) => stopOne(supervised, graceMs)));
      }
    },
  };
}

function firstReport(supervised: Supervised): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (detail: string): void =>
      reject(new TreadleError('CLI_NODE_FAILED', { detail: `${supervised.plan.name} ${detail}; see ${supervised.logFile}` }));
    const timer = setTimeout(() => fail(`was not ready within ${READY_WITHIN_MS / 1000} s`), READY_WITHIN_MS);
    supervised.process.on('message', (message) => {
      supervised.report = message as ChildReport;
      clearTimeout(timer);
      resolve();
    });
    supervised.process.once('exit', (code, signal) => {
      clearTimeout(timer);
      fail(`ended (${signal ?? `exit code ${code}`}) before it was ready`);
    });
    supervised.process.on('error', (error) => {
      clearTimeout(timer);
      fail(`could not be started: ${error.message}`);
    });
  });
}

function stopOne(supervised: Supervised, graceMs: number): Promise<void> {
  const { process: child } = supervised;
  // Without a process id it never ran, and never ends.
  if (supervised.exited !== undefined || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
