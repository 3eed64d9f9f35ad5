/** Figures 4 to 8 of the oracle paper: Pedal beside PBFT, DBFT and RIBFT. An entry of its own, because the chart library takes long to load. */
export { type CellOutcome, type CellResult, type Contender, type FigureCell, RIVALS, type Rival, type Unit } from './cell.ts';
export { figureFiles } from './figure-files.ts';
export { FIGURES, type FigureName, type FigurePlan, planOf, unitsOf } from './grids.ts';
export { FIGURE_CALIBRATION, FIGURE_LINE } from './parameters.ts';
export { PedalNetwork, type PedalNetworkOptions } from './pedal-network.ts';
export { runUnit } from './run-unit.ts';
export { summarise } from './summary.ts';
export { verdictOn } from './verdict.ts';
