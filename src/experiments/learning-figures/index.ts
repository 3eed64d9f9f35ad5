/** The oracle paper's figures 9 and 10: learning together while some clients lie. */
export { type CellResult, type CellStore, cellKey, finalAccuracy, lateAccuracy } from './cell-result.ts';
export * from './figure-cells.ts';
export { type DatasetRuns, type FigureRuns, learningFigureFiles, type ReportFile } from './report-files.ts';
export { type CellRunner, type CellRuns, runCells } from './run-cells.ts';
export { type FigurePoint, figurePoints } from './summary.ts';
