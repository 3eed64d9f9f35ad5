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
 * Runs units in processes of their own, a new one for each: a large network leaves much behind.
 *
 * @throws TreadleError SCENARIO_NODE_FAILED when a unit broke off
 */
export async function runFigurePool({ workers, units, calibration, onResults }: FigurePoolOptions): Promise<void> {
  const left = [...units];
  const work = async (): Promise<void> => {
    for (let unit = left.shift(); unit !== undefined; unit = left.shift()) {
      const answer = await runInChild({ unit, calibration });
      if ('error' in answer) {
        left.length = 0;
        const detail = `${unit.contender}, ${unit.nodes} nodes, seed ${unit.seed}: ${answer.error}`;
        throw new TreadleError('SCENARIO_NODE_FAILED', { detail });
      }
      onResults(unit, answer.results);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
}

async function runInChild(task: FigureTask): Promise<FigureAnswer> {
  const child = fork(CHILD, ['--figure-child'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], serialization: 'advanced' });
  try {
    return await new Promise<FigureAnswer>((resolve) => {
      child.on('message', (answer) => resolve(answer as FigureAnswer));
      child.on('exit', (code, signal) => resolve({ error: `the process ended (${signal ?? `exit code ${code}`})` }));
      child.send(task);
    });
  } finally {
    end(child);
  }
}

function end(child: ChildProcess): void {
  if (child.connected) child.disconnect();
}
