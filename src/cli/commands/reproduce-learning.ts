import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { TreadleError } from '../../errors.ts';
import {
  type CellResult,
  type CellStore,
  type DatasetRuns,
  FIGURE_DATASETS,
  type FigureDataset,
  type FigureRuns,
  figureCells,
  finalAccuracy,
  LEARNING_FIGURES,
  type LearningFigure,
  learningFigureFiles,
  runCells,
  scaleOf,
} from '../../experiments/learning-figures/index.ts';
import { type Dataset, loadDataset } from '../../learning/index.ts';
import { datasetFiles } from '../dataset-files.ts';
import { ensureKernels } from '../kernel-files.ts';
import { startLearningWorkers } from '../learning/learning-workers.ts';
import { spanText } from '../learning/run-text.ts';
import { wholeNumber } from '../numbers.ts';
import type { Output } from '../output.ts';
import { stopRequested } from '../stop-requested.ts';

export interface LearningFigureOptions {
  readonly out: string;
  /** The first seed. */
  readonly seed: string;
  readonly quick?: boolean;
  readonly workers?: string;
  readonly data?: string;
  readonly cache?: string;
  /** Names with commas; all whose files are present when absent. */
  readonly datasets?: string;
  readonly seeds?: string;
  /** Begin no training after so many minutes. */
  readonly minutes?: string;
  /** Where results of trainings are kept. */
  readonly cells: string;
}

const REPEATS_MAX = 100;
const WORKERS_MAX = 256;
const MINUTES_MAX = 100_000;

export const learningFigures: readonly LearningFigure[] = LEARNING_FIGURES;

/** Trains what a figure of the oracle paper on learning needs; what was trained before is not trained again. */
export async function reproduceLearning(figure: LearningFigure, options: LearningFigureOptions, out: Output) {
  const seed = wholeNumber('--seed', options.seed, { min: 0, max: 2 ** 32 });
  const quick = options.quick === true;
  const repeats = options.seeds === undefined ? undefined : wholeNumber('--seeds', options.seeds, { min: 1, max: REPEATS_MAX });
  const workers = wholeNumber('--workers', options.workers ?? String(availableParallelism()), { min: 1, max: WORKERS_MAX });
  const minutes =
    options.minutes === undefined
      ? Number.POSITIVE_INFINITY
      : wholeNumber('--minutes', options.minutes, { min: 0, max: MINUTES_MAX });
  const wanted = wantedDatasets(options.datasets, quick);
  const kernels = await ensureKernels((text) => process.stderr.write(`${text}\n`));
  const store = folderStore(options.cells);
  let stop = false;
  void stopRequested().then(() => {
    stop = true;
    out.line('Stopping after this training; the same command goes on from there ...');
  });
  const started = performance.now();
  const mayGoOn = (): boolean => !stop && performance.now() - started < minutes * 60_000;
  const runs: DatasetRuns[] = [];
  const notRun: FigureRuns['notRun'][number][] = [];
  for (const dataset of FIGURE_DATASETS.filter((each) => !wanted.includes(each))) {
    const here = (await present(dataset, options)) !== undefined;
    notRun.push({ dataset, reason: here ? 'not asked for' : 'its files are not here' });
  }
  for (const name of wanted) {
    const dataset = await present(name, options);
    if (dataset === undefined) {
      out.line(`${name}: not run, its files are not here`);
      notRun.push({ dataset: name, reason: 'its files are not here' });
      continue;
    }
    const scale = { ...scaleOf(name, quick), ...(repeats !== undefined && { repeats }) };
    const cells = figureCells(figure, name, { scale, seed });
    out.line(`${name}: ${cells.length} trainings of ${scale.rounds} rounds, ${workers} ${workers === 1 ? 'thread' : 'threads'}`);
    let [done, trained] = [0, 0];
    const begun = performance.now();
    const results = await runCells({
      ...{ cells, dataset, store, kernels, mayGoOn },
      start: (data) => startLearningWorkers({ kernels, fastMath: false, data, workers }),
      onCell: ({ strategy, attack, share, plan }, result, kept) => {
        done++;
        if (kept) return;
        const secondsEach = (performance.now() - begun) / 1000 / ++trained;
        out.line(
          `  ${done}/${cells.length} ${strategy}, ${share === 0 ? 'no liars' : `${share * 100} % ${attack}`}, seed ${plan.seed}: ` +
            `accuracy ${finalAccuracy(result).toFixed(4)} | at most ${spanText((cells.length - done) * secondsEach)} left`,
        );
      },
    });
    runs.push({ dataset: name, scale, cells, results, samples: samplesOf(dataset, scale) });
  }
  const files = learningFigureFiles({ figure, seed, quick, runs, notRun });
  const summary = runs.map(({ dataset, scale, cells, results }) => ({
    dataset,
    scale,
    trainings: cells.length,
    run: results.size,
  }));
  return { files, result: { quick, runs: summary, notRun } };
}

function samplesOf({ train, test }: Dataset, scale: DatasetRuns['scale']): DatasetRuns['samples'] {
  return {
    train: Math.min(train.count, scale.trainSamplesMax ?? train.count),
    test: Math.min(test.count, scale.testSamplesMax ?? test.count),
  };
}

/** In two minutes there is time for one data set. */
function wantedDatasets(text: string | undefined, quick: boolean): readonly FigureDataset[] {
  if (text === undefined) return quick ? FIGURE_DATASETS.slice(0, 1) : FIGURE_DATASETS;
  return text.split(',').map((name) => {
    const found = FIGURE_DATASETS.find((each) => each === name.trim());
    if (found !== undefined) return found;
    throw new TreadleError('CLI_BAD_OPTION', { detail: `--datasets names "${name}"; there is ${FIGURE_DATASETS.join(', ')}` });
  });
}

async function present(name: FigureDataset, options: LearningFigureOptions): Promise<Dataset | undefined> {
  try {
    return await loadDataset(name, datasetFiles(options));
  } catch (error) {
    if (error instanceof TreadleError && error.code === 'DATASET_FILES_MISSING') return undefined;
    throw error;
  }
}

/** A file for each training: written whole or not at all. */
function folderStore(folder: string): CellStore {
  const file = (key: string): string => path.join(folder, `${key}.json`);
  return {
    async read(key) {
      try {
        return JSON.parse(await readFile(file(key), 'utf8')) as CellResult;
      } catch {
        return undefined;
      }
    },
    async write(key, result) {
      try {
        await mkdir(folder, { recursive: true });
        await writeFile(`${file(key)}.new`, JSON.stringify(result));
        await rename(`${file(key)}.new`, file(key));
      } catch (cause) {
        const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
        throw new TreadleError('CLI_FILE_UNWRITABLE', { detail: `${file(key)} cannot be written (${why})`, cause });
      }
    },
  };
}
