import { TreadleError } from '../../errors.ts';
import { DATASET_ROWS_MAX } from '../../limits.ts';
import { badFile, type DataFile, readText } from './byte-source.ts';
import type { Dataset, SampleSet } from './dataset.ts';
import './errors.ts';

const TYPES = ['L', 'M', 'H'] as const;
const MEASURED = [
  'Air temperature [K]',
  'Process temperature [K]',
  'Rotational speed [rpm]',
  'Torque [Nm]',
  'Tool wear [min]',
] as const;
const MODES = ['TWF', 'HDF', 'PWF', 'OSF', 'RNF'] as const;
const COLUMNS = ['UDI', 'Type', ...MEASURED, 'Machine failure', ...MODES] as const;

export interface Ai4iOptions {
  /** `failure`: two classes, whether the machine failed. `mode`: which way, seven classes. */
  readonly classes?: 'failure' | 'mode';
  /** Every so-many-th row is for testing; 5 when absent. */
  readonly testEvery?: number;
}

/** What a row says, before it is put into flat arrays. */
interface Row {
  readonly values: readonly number[];
  readonly failure: number;
  readonly mode: number;
  readonly type: number;
}

/**
 * AI4I 2020: 10,000 rows of a milling machine. A sample is the product's quality (three columns of which one is 1) and
 * five measurements. The file has no test part: every fifth row is taken for it. The machine of a row is the quality
 * class it makes, which is the only group that the data name.
 *
 * Columns are found by their names; commas, semicolons and tabs are read.
 *
 * @throws TreadleError DATASET_BAD_TEXT | DATASET_TOO_LARGE | DATASET_TRUNCATED | DATASET_OPTION_INVALID
 */
export function ai4iDataset(name: string, file: DataFile, options: Ai4iOptions = {}): Dataset {
  const { classes = 'failure', testEvery = 5 } = options;
  if (!Number.isSafeInteger(testEvery) || testEvery < 2)
    throw new TreadleError('DATASET_OPTION_INVALID', { detail: `testEvery is ${testEvery}, not a whole number above 1` });
  const rows = readRows(file);
  const byMode = classes === 'mode';
  return {
    name,
    sampleShape: [TYPES.length + MEASURED.length],
    classNames: byMode ? ['none', ...MODES, 'other'] : ['running', 'failed'],
    channelNames: [...TYPES.map((type) => `type ${type}`), ...MEASURED],
    train: samplesOf(
      rows.filter((_, at) => (at + 1) % testEvery !== 0),
      byMode,
    ),
    test: samplesOf(
      rows.filter((_, at) => (at + 1) % testEvery === 0),
      byMode,
    ),
  };
}

function readRows(file: DataFile): Row[] {
  const lines = readText(file)
    .replace(/^\ufeff/, '')
    .split(/\r?\n/);
  if (lines.length > DATASET_ROWS_MAX) throw badFile('DATASET_TOO_LARGE', file.name, `it has ${lines.length} lines`);
  const head = lines[0] ?? '';
  const separator = [',', '\t', ';'].find((sign) => head.includes(sign)) ?? ',';
  const names = head.split(separator).map((word) => word.trim());
  const missing = COLUMNS.find((column) => !names.includes(column));
  if (missing !== undefined)
    throw badFile('DATASET_BAD_TEXT', file.name, `its first line names no column "${missing}"`, { line: 1 });
  const rows: Row[] = [];
  for (const [at, line] of lines.entries()) {
    if (at > 0 && line.trim() !== '') rows.push(readRow(file.name, line.split(separator), names, at + 1));
  }
  if (rows.length === 0) throw badFile('DATASET_TRUNCATED', file.name, 'it has no row');
  return rows;
}

function readRow(file: string, words: readonly string[], names: readonly string[], line: number): Row {
  const wrong = (what: string): TreadleError => badFile('DATASET_BAD_TEXT', file, `line ${line} ${what}`, { line });
  if (words.length !== names.length) throw wrong(`has ${words.length} columns, not ${names.length}`);
  const word = (column: string): string => (words[names.indexOf(column)] ?? '').trim();
  const measured = MEASURED.map((column) => {
    if (!/^-?\d+(\.\d+)?$/.test(word(column))) throw wrong(`has "${word(column).slice(0, 20)}" as ${column}`);
    return Number(word(column));
  });
  const flag = (column: string): number => {
    if (word(column) !== '0' && word(column) !== '1') throw wrong(`has "${word(column).slice(0, 20)}" as ${column}, not 0 or 1`);
    return Number(word(column));
  };
  const type = (TYPES as readonly string[]).indexOf(word('Type'));
  if (type < 0) throw wrong(`has "${word('Type').slice(0, 20)}" as type, not L, M or H`);
  const failure = flag('Machine failure');
  const first = MODES.map(flag).indexOf(1);
  return {
    values: [...TYPES.map((_, at) => (at === type ? 1 : 0)), ...measured],
    failure,
    // A few rows name a failure and no mode: they are a class of their own rather than counted as sound.
    mode: first >= 0 ? first + 1 : failure === 1 ? MODES.length + 1 : 0,
    type,
  };
}

function samplesOf(rows: readonly Row[], byMode: boolean): SampleSet {
  return {
    count: rows.length,
    values: Float32Array.from(rows.flatMap(({ values }) => values)),
    labels: Uint8Array.from(rows, ({ mode, failure }) => (byMode ? mode : failure)),
    machines: Uint32Array.from(rows, ({ type }) => type),
  };
}
