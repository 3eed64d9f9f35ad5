import { toCsv } from '../figures/csv.ts';
import { renderLineChart } from '../figures/line-chart.ts';
import type { CellResult } from './cell-result.ts';
import { beyondChart, roundsChart, shareChart } from './charts.ts';
import { type FigureCell, type FigureDataset, type FigureScale, type LearningFigure, PUBLISHED_SHARES } from './figure-cells.ts';
import { renderPage } from './page.ts';
import { type FigurePoint, figurePoints } from './summary.ts';

/** What ran of one data set of a figure. */
export interface DatasetRuns {
  readonly dataset: FigureDataset;
  readonly scale: FigureScale;
  readonly samples: { readonly train: number; readonly test: number };
  readonly cells: readonly FigureCell[];
  readonly results: ReadonlyMap<FigureCell, CellResult>;
}

export interface FigureRuns {
  readonly figure: LearningFigure;
  readonly seed: number;
  readonly quick: boolean;
  readonly runs: readonly DatasetRuns[];
  /** Data sets whose files are not here, and why no run was made of others. */
  readonly notRun: readonly { readonly dataset: FigureDataset; readonly reason: string }[];
}

/** A data set's runs with their points and pictures. */
export interface DatasetReport extends DatasetRuns {
  readonly points: readonly FigurePoint[];
  readonly pictures: readonly { readonly file: string; readonly title: string; readonly text: string }[];
}

/** A file of the reproduction, by its path below the folder that was asked for. */
export interface ReportFile {
  readonly path: string;
  readonly text: string;
}

/** The page, and in the folder beside it the numbers and pictures. The same results give the same bytes. */
export function learningFigureFiles(figure: FigureRuns): readonly ReportFile[] {
  const reports = figure.runs.map((runs) => reportOf(figure, runs));
  return [
    { path: `${figure.figure}.md`, text: renderPage(figure, reports) },
    ...reports.flatMap(({ dataset, points, cells, results, pictures }) => [
      { path: `${figure.figure}/${dataset}.csv`, text: pointsCsv(points) },
      { path: `${figure.figure}/${dataset}-rounds.csv`, text: roundsCsv(cells, results) },
      ...pictures.map(({ file, text }) => ({ path: `${figure.figure}/${file}`, text })),
    ]),
  ];
}

function reportOf({ figure }: FigureRuns, runs: DatasetRuns): DatasetReport {
  const { dataset, results } = runs;
  const points = figurePoints(runs.cells, results);
  const largest = Math.max(...PUBLISHED_SHARES);
  const kind = figure === 'pedal-fig9' ? 'IID' : 'non-IID';
  const titled = (what: string): string => `${dataset}, ${kind}: ${what}`;
  const charts = [
    ['shares', 'random weights', shareChart(titled('random weights'), points)],
    [
      'rounds',
      `round by round, ${largest * 100} % malicious`,
      roundsChart(titled(`${largest * 100} % send random weights`), { share: largest, results }),
    ],
    ['beyond', 'beyond a third', beyondChart(titled('beyond a third'), points)],
  ] as const;
  const pictures = charts.flatMap(([name, title, chart]) =>
    chart === undefined ? [] : [{ file: `${dataset}-${name}.svg`, title, text: renderLineChart(chart) }],
  );
  return { ...runs, points, pictures };
}

function pointsCsv(points: readonly FigurePoint[]): string {
  return toCsv(
    points.map(({ part, strategy, attack, share, seeds, missing, final, late, liarsTaken }) => ({
      ...{ part, strategy, attack, malicious_share: share, runs: seeds.length, not_run: missing, seeds: seeds.join(' ') },
      accuracy_mean: number(final?.mean),
      accuracy_min: number(final?.min),
      accuracy_max: number(final?.max),
      accuracy_deviation: number(final?.deviation),
      accuracy_last_rounds_mean: number(late?.mean),
      liars_taken: number(liarsTaken),
    })),
  );
}

function roundsCsv(cells: readonly FigureCell[], results: ReadonlyMap<FigureCell, CellResult>): string {
  return toCsv(
    cells.flatMap((cell) => {
      const { part, strategy, attack, share } = cell;
      return (results.get(cell)?.rounds ?? []).map((round, at) => ({
        ...{ part, strategy, attack: share === 0 ? 'none' : attack, malicious_share: share, seed: cell.plan.seed, round: at + 1 },
        accuracy: number(round.accuracy),
        loss: number(round.loss ?? undefined),
        ...{
          accepted: round.accepted,
          rejected: round.rejected,
          liars_asked: round.liarsAsked,
          liars_taken: round.liarsAccepted,
        },
        evaluations: round.evaluations,
      }));
    }),
  );
}

function number(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(5);
}
