import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { TreadleError } from '../errors.ts';
import type { Calibration } from '../experiments/index.ts';
import type { CellResult, Unit } from '../experiments/pedal-figures/index.ts';
import type { FigureAnswer, FigureTask } from './figure-child.ts';

const CHILD = fileURLToPath(new URL('./figure-child.ts', import.meta.url));

export interface FigurePoolOptions {
  /** Processes at a time. */
  readonly workers: number;
  readonly units: readonly Unit[];
  readonly calibration: Calibration;
  readonly onResults: (unit: Unit, results: readonly CellResult[]) => void;
}

/**
 * Runs units in processes of their own, one per worker; after a network of Treadle's nodes a new one, because it leaves much behind.
 *
 * @throws TreadleError SCENARIO_NODE_FAILED when a unit broke off
 */
export async function runFigurePool({ workers, units, calibration, onResults }: FigurePoolOptions): Promise<void> {
  const left = [...units];
  const work = async (): Promise<void> => {
    let child: ChildProcess | undefined;
    for (let unit = left.shift(); unit !== undefined; unit = left.shift()) {
      child ??= fork(CHILD, ['--figure-child'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], serialization: 'advanced' });
      const answer = await runIn(child, { unit, calibration });
      if (unit.contender === 'pedal' || 'error' in answer) {
        end(child);
        child = undefined;
      }
      if ('error' in answer) {
        left.length = 0;
        const detail = `${unit.contender}, ${unit.nodes} nodes, seed ${unit.seed}: ${answer.error}`;
        throw new TreadleError('SCENARIO_NODE_FAILED', { detail });
      }
      onResults(unit, answer.results);
    }
    if (child !== undefined) end(child);
  };
  await Promise.all(Array.from({ length: workers }, work));
}

function runIn(child: ChildProcess, task: FigureTask): Promise<FigureAnswer> {
  return new Promise((resolve) => {
    const settle = (answer: FigureAnswer): void => {
      child.off('message', onMessage);
      child.off('exit', onExit);
      resolve(answer);
    };
    const onMessage = (answer: unknown): void => settle(answer as FigureAnswer);
    const onExit = (code: number | null, signal: NodeJS.Signals | null): void =>
      settle({ error: `the process ended (${signal ?? `exit code ${code}`})` });
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.send(task, (error) => {
      if (error !== null) settle({ error: `the process takes no message: ${error.message}` });
    });
  });
}

function end(child: ChildProcess): void {
  if (child.connected) child.disconnect();
}
