import { lendBlsCurve } from '../crypto/index.ts';
import { nativeBlsCurve } from '../environment/host/index.ts';
import type { Calibration } from '../experiments/index.ts';
import { type CellResult, runUnit, type Unit } from '../experiments/pedal-figures/index.ts';

/** One unit to be run. */
export interface FigureTask {
  readonly unit: Unit;
  readonly calibration: Calibration;
}

/** What came of it; `error` when the unit broke off. */
export type FigureAnswer = { readonly results: readonly CellResult[] } | { readonly error: string };

async function runTask({ unit, calibration }: FigureTask): Promise<FigureAnswer> {
  try {
    return { results: await runUnit(unit, calibration) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

// As a child process: tasks come as messages, results go back as messages.
if (process.send !== undefined && process.argv[2] === '--figure-child') {
  lendBlsCurve(nativeBlsCurve);
  process.on('message', (task: FigureTask) => {
    void runTask(task).then((answer) => process.send?.(answer));
  });
  process.on('unhandledRejection', (reason) => {
    const error = `a rejection was not handled: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`;
    process.send?.({ error }, () => process.exit(1));
  });
  process.on('disconnect', () => process.exit(0));
}
