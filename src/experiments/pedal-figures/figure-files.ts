import { toCsv } from '../figures/csv.ts';
import { renderLineChart } from '../figures/line-chart.ts';
import type { CellResult } from './cell.ts';
import { type FigurePlan, isOf } from './grids.ts';
import { type PageFacts, renderPage } from './page.ts';
import { panelsOf } from './panels.ts';
import { type CellSummary, summarise } from './summary.ts';

/** A file of a figure, by its path below the folder that was asked for. */
export interface FigureFile {
  readonly path: string;
  readonly text: string;
}

/** The page, and in the folder beside it the numbers and pictures. The same results give the same bytes. */
export function figureFiles(plan: FigurePlan, results: readonly CellResult[], facts: PageFacts): readonly FigureFile[] {
  const summaries = summarise(results.filter((result) => isOf(plan, result)));
  const panels = panelsOf(plan, summaries);
  return [
    { path: `${plan.name}.md`, text: renderPage(plan, { ...facts, summaries, panels }) },
    { path: `${plan.name}/cells.csv`, text: toCsv(summaries.map(row)) },
    ...panels.map(({ file, chart }) => ({ path: `${plan.name}/${file}`, text: renderLineChart(chart) })),
  ];
}

function row({ contender, cell, seeds, finished, seconds, megabytes, ...rest }: CellSummary): Record<string, string | number> {
  return {
    contender,
    nodes: cell.nodes,
    transactions: cell.transactions,
    size_bytes: cell.sizeBytes,
    seeds,
    finished,
    seconds_mean: fixed(seconds?.mean, 4),
    seconds_ci95: fixed(seconds?.halfWidth, 4),
    latency_p50_seconds: fixed(rest.p50Seconds, 4),
    latency_p95_seconds: fixed(rest.p95Seconds, 4),
    io_mb_mean: fixed(megabytes.mean, 4),
    io_mb_ci95: fixed(megabytes.halfWidth, 4),
    from_sources_mb: fixed(rest.outsideMegabytes, 4),
    ledger_mb: fixed(rest.ledgerMegabytes, 4),
    view_changes: fixed(rest.viewChanges, 2),
  };
}

/** A number of so many digits behind the point; empty for none. */
function fixed(value: number | undefined, digits: number): string {
  return value === undefined ? '' : String(Number(value.toFixed(digits)));
}
