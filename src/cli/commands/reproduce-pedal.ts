import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { TreadleError } from '../../errors.ts';
import { type Calibration, readCalibration } from '../../experiments/index.ts';
import {
  type CellResult,
  FIGURE_CALIBRATION,
  FIGURES,
  type FigureName,
  figureFiles,
  planOf,
  type Unit,
  unitsOf,
} from '../../experiments/pedal-figures/index.ts';
import { runFigurePool } from '../figure-pool.ts';
import { wholeNumber } from '../numbers.ts';
import type { Output } from '../output.ts';

export interface PedalFigureOptions {
  /** The first seed. */
  readonly seed: string;
  readonly seeds?: string;
  readonly quick?: boolean;
  readonly workers?: string;
  readonly report?: string;
  readonly calibration?: string;
}

interface Done {
  readonly key: string;
  readonly results: readonly CellResult[];
}

const SEEDS_MAX = 100;
const WORKERS_MAX = 64;

/** The figures that a name stands for: one, or `pedal` for all of them. */
export function pedalFigures(name: string): readonly FigureName[] {
  return name === 'pedal' ? FIGURES : FIGURES.filter((each) => each === name);
}

/** Runs what figures of the oracle paper's collaboration tests need; what stands in the report is not run again. */
export async function reproducePedal(names: readonly FigureName[], options: PedalFigureOptions, out: Output) {
  const first = wholeNumber('--seed', options.seed, { min: 0, max: 2 ** 32 });
  const quick = options.quick === true;
  const count = wholeNumber('--seeds', options.seeds ?? (quick ? '1' : '3'), { min: 1, max: SEEDS_MAX });
  const workers = wholeNumber('--workers', options.workers ?? '1', { min: 1, max: WORKERS_MAX });
  const calibration = options.calibration === undefined ? FIGURE_CALIBRATION : readCalibrationFile(options.calibration);
  const seeds = Array.from({ length: count }, (_, at) => first + at);
  const plans = names.map((name) => planOf(name, quick));
  const units = unitsOf(plans, seeds);
  const known = readReport(options.report);
  const keyOf = (unit: Unit): string => JSON.stringify({ unit, calibration });
  const toRun = units.filter((unit) => !known.has(keyOf(unit)));
  const cells = units.reduce((sum, unit) => sum + unit.cells.length, 0);
  out.line(
    `${cells} cells in ${units.length} networks, ${units.length - toRun.length} of them done before; seeds ${seeds.join(', ')}`,
  );
  await runFigurePool({
    workers,
    units: toRun,
    calibration,
    onResults(unit, results) {
      known.set(keyOf(unit), results);
      if (options.report !== undefined)
        appendFileSync(options.report, `${JSON.stringify({ key: keyOf(unit), results } satisfies Done)}\n`);
      out.line(`  ${unit.contender}, ${unit.nodes} nodes, seed ${unit.seed}: ${results.length} cells`);
    },
  });
  const results = units.flatMap((unit) => known.get(keyOf(unit)) ?? []);
  const files = plans.flatMap((plan) => figureFiles(plan, results, { seeds, quick, calibration }));
  return { files, result: { seeds, quick, cells, finished: results.filter(({ outcome }) => outcome.finished).length } };
}

function readReport(file: string | undefined): Map<string, readonly CellResult[]> {
  const known = new Map<string, readonly CellResult[]>();
  if (file === undefined || !existsSync(file)) return known;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    try {
      const { key, results } = JSON.parse(line) as Done;
      known.set(key, results);
    } catch {
      // The last line of a run that was broken off.
    }
  }
  return known;
}

function readCalibrationFile(file: string): Calibration {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new TreadleError('CLI_BAD_OPTION', { detail: `--calibration: ${file} cannot be read`, cause });
  }
  const calibration = readCalibration(text);
  if ('reason' in calibration)
    throw new TreadleError('CLI_BAD_OPTION', { detail: `--calibration: ${file}: ${calibration.reason}` });
  return calibration;
}
