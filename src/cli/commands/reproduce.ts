import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { TreadleError } from '../../errors.ts';
import { type Cell, COMPARED, compareCells, comparisonFiles } from '../../experiments/comparison/index.ts';
import {
  type Comparison,
  compareWithEdgeToll,
  EDGETOLL_PUBLISHED,
  type ReportFile,
  reportFiles,
} from '../../experiments/edgetoll/index.ts';
import { nearestName } from '../../suggestion.ts';
import { wholeNumber } from '../numbers.ts';
import { createOutput, type Output } from '../output.ts';
import { type LearningFigureOptions, learningFigures, reproduceLearning } from './reproduce-learning.ts';
import { type PedalFigureOptions, pedalFigures, reproducePedal } from './reproduce-pedal.ts';

export interface ReproduceOptions extends PedalFigureOptions, LearningFigureOptions {
  readonly out: string;
  readonly json?: boolean;
}

interface Reproduction {
  readonly files: readonly ReportFile[];
  /** What `--json` prints, without the files. */
  readonly result: Readonly<Record<string, unknown>>;
}

/** The figures that can be reproduced, by name. */
const FIGURES: Readonly<Record<string, (seed: number, out: Output, options: ReproduceOptions) => Promise<Reproduction>>> = {
  edgetoll,
  consensus,
  ...Object.fromEntries(
    ['pedal', ...pedalFigures('pedal')].map((name) => [
      name,
      (_seed: number, out: Output, options: ReproduceOptions) => reproducePedal(pedalFigures(name), options, out),
    ]),
  ),
  ...Object.fromEntries(
    learningFigures.map((name) => [
      name,
      (_seed: number, out: Output, options: ReproduceOptions) => reproduceLearning(name, options, out),
    ]),
  ),
};

/** Seeds that times are taken over, and tasks of each run, as in the published figure. */
const EDGETOLL = { seeds: 5, tasks: 50 };

/** `treadle reproduce`: runs what a figure needs and writes numbers, figure and page. */
export async function reproduce(figure: string, options: ReproduceOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const run = Object.hasOwn(FIGURES, figure) ? FIGURES[figure] : undefined;
  if (run === undefined) throw unknownFigure(figure);
  const seed = wholeNumber('--seed', options.seed, { min: 0, max: 2 ** 32 });
  const { files, result } = await run(seed, out, options);
  const folder = resolve(options.out);
  for (const file of files) await write(join(folder, file.path), file.text);
  out.line(`Written to ${folder}: ${files.map((file) => file.path).join(', ')}`);
  out.result({ figure, seed, ...result, files: files.map((file) => join(folder, file.path)) });
}

/** The loads of the oracle paper's comparison: few and many transactions, small and large, on 12 to 99 nodes. */
const CONSENSUS_CELLS: readonly Cell[] = [
  { nodes: 12, transactions: 10, sizeBytes: 100_000, entry: 'spread' },
  { nodes: 12, transactions: 90, sizeBytes: 1_000_000, entry: 'spread' },
  { nodes: 27, transactions: 10, sizeBytes: 1_000_000, entry: 'spread' },
  { nodes: 27, transactions: 90, sizeBytes: 1_000_000, entry: 'spread' },
  { nodes: 99, transactions: 90, sizeBytes: 100_000, entry: 'spread' },
  { nodes: 99, transactions: 90, sizeBytes: 1_000_000, entry: 'spread' },
  { nodes: 99, transactions: 90, sizeBytes: 1_000_000, entry: 'one' },
].map(
  (cell): Cell => ({
    ...(cell as Pick<Cell, 'nodes' | 'transactions' | 'sizeBytes' | 'entry'>),
    bitsPerSecond: 100e6,
    latencyMicros: 25_000,
  }),
);
const CONSENSUS_WITHIN_MICROS = 3_600_000_000;

async function consensus(seed: number, out: Output): Promise<Reproduction> {
  out.line(`${CONSENSUS_CELLS.length} loads, ${COMPARED.length} ways to agree`);
  const results = await compareCells({
    engines: COMPARED,
    cells: CONSENSUS_CELLS,
    seed,
    withinMicros: CONSENSUS_WITHIN_MICROS,
    onRun: ({ engine, cell }) => out.line(`  ${cell.nodes} nodes, ${cell.transactions} x ${cell.sizeBytes / 1e6} MB: ${engine}`),
  });
  return { files: comparisonFiles(results, seed), result: { results } };
}

async function edgetoll(seed: number, out: Output): Promise<Reproduction> {
  out.line(`EdgeToll's comparison: up to ${EDGETOLL.tasks} tasks, paid in three ways, ${EDGETOLL.seeds} seeds each`);
  const onRun = (run: { readonly way: string; readonly seed: number }): void => out.line(`  seed ${run.seed}: ${run.way}`);
  const comparison = await compareWithEdgeToll({ seed, ...EDGETOLL, onRun });
  printComparison(out, comparison);
  const { crossoverTasks, ...numbers } = comparison;
  return {
    files: reportFiles(comparison),
    result: { ...numbers, crossoverTasks: withNulls(crossoverTasks), published: EDGETOLL_PUBLISHED },
  };
}

function printComparison(
  out: Output,
  { gasPerChannel, edgeTollGasPerChannel, below, crossoverTasks, points, conserved }: Comparison,
): void {
  const { open, close, total } = gasPerChannel;
  out.line(
    `gas per channel  ${open} to open + ${close} to close = ${total}, ${below ? 'below' : 'NOT BELOW'} EdgeToll's ${edgeTollGasPerChannel}`,
  );
  const from = (tasks: number | undefined): string =>
    tasks === undefined ? 'never within the points' : `from ${tasks} tasks on`;
  out.line(
    `less gas         than a channel per task ${from(crossoverTasks.gas.channelPerTask)}, than a transfer per task ${from(crossoverTasks.gas.transfers)}`,
  );
  out.line(
    `faster           than a channel per task ${from(crossoverTasks.wholeTime.channelPerTask)}, than a transfer per task ${from(crossoverTasks.wholeTime.transfers)}`,
  );
  out.line(`wei              ${conserved ? 'all accounted for' : 'NOT CONSERVED'}`);
  out.line();
  out.table(
    points
      .filter(({ tasks }) => [1, 2, 5, 10, 20, 50].includes(tasks))
      .map(({ tasks, gas, wholeSeconds }) => ({
        tasks,
        'gas: channels': gas.channels,
        transfers: gas.transfers,
        'channel per task': gas.channelPerTask,
        'seconds: channels': wholeSeconds.channels.median.toFixed(2),
        'transfers ': wholeSeconds.transfers.median.toFixed(2),
        'channel per task ': wholeSeconds.channelPerTask.median.toFixed(2),
      })),
  );
}

/** JSON leaves out what is undefined; a reader should see that there is no crossover. */
function withNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withNulls(each)]));
}

function unknownFigure(figure: string): TreadleError {
  const names = Object.keys(FIGURES);
  const near = nearestName(figure, names);
  const hint = near === undefined ? `there is ${names.join(', ')}` : `the nearest name is "${near}"`;
  return new TreadleError('CLI_BAD_OPTION', {
    detail: `no figure is called "${figure}"; ${hint}`,
    data: { figure, figures: names },
  });
}

async function write(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new TreadleError('CLI_FILE_UNWRITABLE', { detail: `${path} cannot be written (${why})`, data: { path }, cause });
  }
}
