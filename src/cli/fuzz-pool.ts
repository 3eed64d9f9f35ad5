import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { FUZZ_RUNS_PER_PROCESS } from '../limits.ts';
import type { FuzzResult, FuzzTask } from './fuzz-child.ts';

const CHILD = fileURLToPath(new URL('./fuzz-child.ts', import.meta.url));

export interface FuzzPoolOptions {
  /** Processes at a time. */
  readonly workers: number;
  /** The tasks, in order; asked for the next one when a process is free. */
  readonly tasks: Iterator<FuzzTask>;
  /** True: no further tasks are begun. */
  readonly isOver: () => boolean;
  readonly onResult: (result: FuzzResult) => void;
}

/**
 * Runs tasks in processes of their own, one per core: a run that takes its process down is a result like any other,
 * and a process that has done many runs makes way for a new one.
 */
export async function runFuzzPool(options: FuzzPoolOptions): Promise<void> {
  await Promise.all(Array.from({ length: options.workers }, () => work(options)));
}

async function work(options: FuzzPoolOptions): Promise<void> {
  let child: ChildProcess | undefined;
  let runs = 0;
  while (!options.isOver()) {
    const next = options.tasks.next();
    if (next.done === true) break;
    child ??= fork(CHILD, ['--fuzz-child'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], serialization: 'advanced' });
    const result = await runIn(child, next.value);
    options.onResult(result);
    runs += 1;
    if (!child.connected || runs % FUZZ_RUNS_PER_PROCESS === 0) {
      end(child);
      child = undefined;
    }
  }
  if (child !== undefined) end(child);
}

function end(child: ChildProcess): void {
  if (child.connected) child.disconnect();
}

function runIn(child: ChildProcess, task: FuzzTask): Promise<FuzzResult> {
  return new Promise((resolve) => {
    const settle = (result: FuzzResult): void => {
      child.off('message', onMessage);
      child.off('exit', onExit);
      resolve(result);
    };
    const onMessage = (result: unknown): void => settle(result as FuzzResult);
    const onExit = (code: number | null, signal: NodeJS.Signals | null): void =>
      settle({ task, error: `the process of the run ended (${signal ?? `exit code ${code}`})` });
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.send(task, (error) => {
      if (error !== null) settle({ task, error: `the process of the run takes no message: ${error.message}` });
    });
  });
}
