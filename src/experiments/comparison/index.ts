/** Treadle's ledger against other ways to agree, with large payloads. An entry of its own, because the chart library that draws its figure takes long to load. */

export { COMPARED, type CompareCellsOptions, type ComparedName, compareCells, runCell, timesSlower } from './compare.ts';
export { BASELINES } from './engines.ts';
export { comparisonFiles } from './report-files.ts';
export { type BaselineLimits, type Cell, type CellResult, type RunCellOptions, runBaselineCell } from './run-cell.ts';
