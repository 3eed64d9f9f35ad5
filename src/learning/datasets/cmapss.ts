import { TreadleError } from '../../errors.ts';
import { DATASET_FILE_BYTES_MAX, DATASET_ROWS_MAX } from '../../limits.ts';
import { badFile, type DataFile, readText } from './byte-source.ts';
import type { Dataset, SampleSet } from './dataset.ts';
import './errors.ts';

/** Columns behind the unit and the cycle: three settings and 21 sensors. */
export const CMAPSS_COLUMNS: readonly string[] = [
  ...[1, 2, 3].map((number) => `setting ${number}`),
  ...Array.from({ length: 21 }, (_, at) => `sensor ${at + 1}`),
];

/** One row of a C-MAPSS file: what one engine measured in one flight. */
interface Row {
  readonly unit: number;
  readonly cycle: number;
  readonly values: readonly number[];
}

export interface CmapssFiles {
  readonly train: DataFile;
  readonly test: DataFile;
  /** Cycles left to each engine of the test file after its last row. */
  readonly remaining: DataFile;
}

export interface CmapssOptions {
  /** Rows of one engine in one sample, the last of which the label is of; 1 when absent. */
  readonly windowCycles?: number;
  /** An engine that fails within so many cycles is "failing soon"; 30 when absent. */
  readonly soonCycles?: number;
  /** Targets end here: long before its failure an engine does not show how long; 125 when absent, as in most publications. */
  readonly targetCyclesMax?: number;
}

/**
 * NASA's turbofan engines (one of FD001 to FD004). Each sample is a row of 24 columns, or a window of such rows, channels
 * first; its class says whether the engine fails soon, its target how many cycles are left, its machine which engine it
 * is. Engines of the test file are other engines than those of the training file: their numbers go on behind.
 *
 * @throws TreadleError DATASET_BAD_TEXT | DATASET_BAD_SHAPE | DATASET_TOO_LARGE | DATASET_OPTION_INVALID
 */
export function cmapssDataset(name: string, files: CmapssFiles, options: CmapssOptions = {}): Dataset {
  const { windowCycles = 1, soonCycles = 30, targetCyclesMax = 125 } = options;
  for (const [option, value] of Object.entries({ windowCycles, soonCycles, targetCyclesMax })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new TreadleError('DATASET_OPTION_INVALID', { detail: `${option} is ${value}, not a whole number above 0` });
  }
  const train = engines(files.train);
  const test = engines(files.test);
  const left = remainingCycles(files.remaining);
  if (left.length !== test.length)
    throw badFile(
      'DATASET_BAD_SHAPE',
      files.remaining.name,
      `it has ${left.length} lines for ${test.length} engines of ${files.test.name}`,
    );
  const cut = { windowCycles, soonCycles, targetCyclesMax };
  return {
    name,
    sampleShape: windowCycles === 1 ? [CMAPSS_COLUMNS.length] : [CMAPSS_COLUMNS.length, windowCycles],
    classNames: ['running', 'failing soon'],
    channelNames: CMAPSS_COLUMNS,
    train: samplesOf(train, () => 0, 1, cut),
    test: samplesOf(test, (engine) => left[engine] as number, 1 + train.length, cut),
  };
}

/** The rows of each engine, in order of time. */
function engines(file: DataFile): Row[][] {
  const found: Row[][] = [];
  for (const { fields, line } of numberLines(file)) {
    if (fields.length !== 2 + CMAPSS_COLUMNS.length)
      throw badFile(
        'DATASET_BAD_TEXT',
        file.name,
        `line ${line} has ${fields.length} columns, not ${2 + CMAPSS_COLUMNS.length}`,
        { line },
      );
    const [unit, cycle, ...values] = fields as [number, number, ...number[]];
    const last = found.at(-1)?.at(-1);
    const follows = last !== undefined && unit === last.unit && cycle === last.cycle + 1;
    const begins = unit === (last?.unit ?? 0) + 1 && cycle === 1;
    if (!follows && !begins)
      throw badFile(
        'DATASET_BAD_TEXT',
        file.name,
        `line ${line} is cycle ${cycle} of engine ${unit}, which does not follow the line before`,
        { line },
      );
    if (begins) found.push([]);
    found.at(-1)?.push({ unit, cycle, values });
  }
  return found;
}

function remainingCycles(file: DataFile): number[] {
  return [...numberLines(file)].map(({ fields, line }) => {
    const cycles = fields[0] as number;
    if (fields.length !== 1 || !Number.isSafeInteger(cycles) || cycles < 0)
      throw badFile('DATASET_BAD_TEXT', file.name, `line ${line} is no number of cycles`, { line });
    return cycles;
  });
}

/** The lines of a file of numbers between spaces; empty lines are passed over. */
function* numberLines(file: DataFile): Generator<{ readonly fields: readonly number[]; readonly line: number }> {
  const lines = readText(file).split(/\r?\n/);
  if (lines.length > DATASET_ROWS_MAX) throw badFile('DATASET_TOO_LARGE', file.name, `it has ${lines.length} lines`);
  let found = 0;
  for (const [at, line] of lines.entries()) {
    const words = line.trim().split(/\s+/);
    if (words[0] === '') continue;
    const wrong = words.find((word) => !/^[+-]?\d+(\.\d*)?(e[+-]?\d+)?$/i.test(word) || !Number.isFinite(Number(word)));
    if (wrong !== undefined)
      throw badFile('DATASET_BAD_TEXT', file.name, `line ${at + 1} has "${wrong.slice(0, 20)}" where a number should be`, {
        line: at + 1,
      });
    found++;
    yield { fields: words.map(Number), line: at + 1 };
  }
  if (found === 0) throw badFile('DATASET_TRUNCATED', file.name, 'it has no line');
}

interface Cut {
  readonly windowCycles: number;
  readonly soonCycles: number;
  readonly targetCyclesMax: number;
}

/** Every window of every engine. */
function samplesOf(rows: readonly Row[][], leftAfter: (engine: number) => number, firstMachine: number, cut: Cut): SampleSet {
  const { windowCycles, soonCycles, targetCyclesMax } = cut;
  const columns = CMAPSS_COLUMNS.length;
  const count = rows.reduce((sum, engine) => sum + Math.max(0, engine.length - windowCycles + 1), 0);
  if (count === 0)
    throw new TreadleError('DATASET_OPTION_INVALID', { detail: `no engine has windowCycles = ${windowCycles} rows` });
  if (count * columns * windowCycles * 4 > DATASET_FILE_BYTES_MAX)
    throw new TreadleError('DATASET_TOO_LARGE', { detail: `${count} windows of ${windowCycles} cycles do not fit in memory` });
  const values = new Float32Array(count * columns * windowCycles);
  const labels = new Uint8Array(count);
  const targets = new Float32Array(count);
  const machines = new Uint32Array(count);
  let sample = 0;
  for (const [engine, all] of rows.entries()) {
    for (let end = windowCycles; end <= all.length; end++, sample++) {
      for (let back = 0; back < windowCycles; back++) {
        const row = all[end - windowCycles + back] as Row;
        for (let column = 0; column < columns; column++)
          values[(sample * columns + column) * windowCycles + back] = row.values[column] as number;
      }
      const left = leftAfter(engine) + all.length - end;
      labels[sample] = left <= soonCycles ? 1 : 0;
      targets[sample] = Math.min(left, targetCyclesMax);
      machines[sample] = firstMachine + engine;
    }
  }
  return { count, values, labels, targets, machines };
}
