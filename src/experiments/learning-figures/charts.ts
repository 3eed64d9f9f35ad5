import type { Chart, Series } from '../figures/line-chart.ts';
import type { CellResult } from './cell-result.ts';
import { type FigureCell, OTHER_STRATEGIES, PUBLISHED_SHARES, PUBLISHED_STRATEGIES } from './figure-cells.ts';
import type { FigurePoint } from './summary.ts';

/** Every strategy has its own hue in all pictures. */
const HUES: readonly string[] = [...PUBLISHED_STRATEGIES, ...OTHER_STRATEGIES];
const PERCENT = 100;

/** Accuracy over the malicious share; error bars from the worst to the best repeat. */
export function shareChart(title: string, points: readonly FigurePoint[]): Chart | undefined {
  const drawn = points.filter(({ part }) => part === 'published' || part === 'others');
  return sharesChart(title, drawn);
}

/** The same beyond a third, continued from the largest published share. */
export function beyondChart(title: string, points: readonly FigurePoint[]): Chart | undefined {
  const beyond = points.filter(({ part }) => part === 'beyond');
  if (beyond.every(({ final }) => final === undefined)) return undefined;
  const largest = Math.max(...PUBLISHED_SHARES);
  const strategies = new Set(beyond.map(({ strategy }) => strategy));
  const start = points.filter(
    ({ part, share, strategy }) => share === largest && strategies.has(strategy) && (part === 'published' || part === 'others'),
  );
  return sharesChart(title, [...start, ...beyond]);
}

function sharesChart(title: string, points: readonly FigurePoint[]): Chart | undefined {
  const series = HUES.map((strategy, hue): Series => {
    const own = points.filter((point) => point.strategy === strategy && point.final !== undefined);
    const sorted = own.toSorted((left, right) => left.share - right.share);
    return {
      ...{ name: strategy, hue, origin: 'measured' },
      points: sorted.map(({ share, final }) => [share * PERCENT, final?.mean ?? 0]),
      errorBars: sorted.map(({ share, final }) => [share * PERCENT, final?.min ?? 0, final?.max ?? 0]),
    };
  }).filter(({ points: own }) => own.length > 0);
  if (series.length === 0) return undefined;
  return { title, xName: 'malicious clients, %', yName: 'accuracy after the last round', series };
}

/** Accuracy round by round at one malicious share: the mean of the repeats. */
export function roundsChart(
  title: string,
  { share, results }: { readonly share: number; readonly results: ReadonlyMap<FigureCell, CellResult> },
): Chart | undefined {
  const series = HUES.map((strategy, hue): Series => {
    const runs = [...results].filter(
      ([cell]) => cell.strategy === strategy && cell.share === share && (cell.part === 'published' || cell.part === 'others'),
    );
    const rounds = runs[0]?.[1].rounds.length ?? 0;
    const points = Array.from({ length: rounds }, (_, at) => {
      const sum = runs.reduce((total, [, result]) => total + (result.rounds[at]?.accuracy ?? 0), 0);
      return [at + 1, sum / runs.length] as const;
    });
    return { name: strategy, hue, origin: 'measured', points };
  }).filter(({ points }) => points.length > 0);
  if (series.length === 0) return undefined;
  return { title, xName: 'round', yName: 'accuracy', series };
}
