import { type FaultReport, readFaultScenario, runFaultScenario, swarmScenario } from '../experiments/faults/index.ts';
import { readScenarioText } from './fault-library.ts';

/** One run to be done. */
export interface FuzzTask {
  /** A scenario file; absent when the seed draws the scenario. */
  readonly file?: string;
  readonly seed: number;
  readonly nodes?: number;
  /** The command that does the same again. */
  readonly replay: string;
}

/** What came of it; `error` when the run broke off. */
export type FuzzResult =
  | { readonly task: FuzzTask; readonly report: FaultReport }
  | { readonly task: FuzzTask; readonly error: string };

/** Carries out a task. */
export async function runTask(task: FuzzTask): Promise<FuzzResult> {
  const { file, seed, nodes, replay } = task;
  try {
    const scenario = file === undefined ? swarmScenario(seed, nodes) : readFaultScenario(readScenarioText(file), { file });
    const report = await runFaultScenario(scenario, { seed, replay, ...(nodes !== undefined && { nodes }) });
    return { task, report };
  } catch (error) {
    return { task, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

// As a child process: tasks come as messages, results go back as messages.
if (process.send !== undefined && process.argv[2] === '--fuzz-child') {
  let current: FuzzTask | undefined;
  process.on('message', (task: FuzzTask) => {
    current = task;
    void runTask(task).then((result) => process.send?.(result));
  });
  // A rejection that nobody handles would end a real node: so it ends this process, and the run is told of.
  process.on('unhandledRejection', (reason) => {
    const error = `a rejection was not handled: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`;
    if (current !== undefined) process.send?.({ task: current, error }, () => process.exit(1));
  });
  process.on('disconnect', () => process.exit(0));
}
