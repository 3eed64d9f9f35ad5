import { BASELINES, type BaselineName } from './engines.ts';
import { type Cell, type CellResult, type RunCellOptions, runBaselineCell } from './run-cell.ts';
import { runTreadleCell } from './run-treadle-cell.ts';

/** Everything that can be compared, Treadle first. */
export const COMPARED = ['treadle', ...(Object.keys(BASELINES) as BaselineName[])] as const;
export type ComparedName = (typeof COMPARED)[number];

/** Runs one cell with one engine. */
export function runCell(engine: ComparedName, cell: Cell, options: RunCellOptions): Promise<CellResult> {
  return engine === 'treadle' ? runTreadleCell(cell, options) : runBaselineCell(engine, cell, options);
}

export interface CompareCellsOptions extends RunCellOptions {
  readonly engines: readonly ComparedName[];
  readonly cells: readonly Cell[];
  /** Called before each run. */
  readonly onRun?: (run: { readonly engine: string; readonly cell: Cell }) => void;
}

/** Runs every cell with every engine, one after another. */
export async function compareCells({ engines, cells, onRun, ...options }: CompareCellsOptions): Promise<readonly CellResult[]> {
  const results: CellResult[] = [];
  for (const cell of cells) {
    for (const engine of engines) {
      onRun?.({ engine, cell });
      results.push(await runCell(engine, cell, options));
    }
  }
  return results;
}

/** How many times longer than Treadle an engine took for the same cell; undefined when one of them did not finish. */
export function timesSlower(results: readonly CellResult[], result: CellResult): number | undefined {
  const own = results.find(({ engine, cell }) => engine === 'treadle' && JSON.stringify(cell) === JSON.stringify(result.cell));
  if (own?.makespanMs === undefined || result.makespanMs === undefined) return undefined;
  return result.makespanMs / own.makespanMs;
}
