/** Level 6: scenarios, sweeps, figures. Runs the nodes of `node/` in the simulator. */
export { type Cluster, type ClusterOptions, createCluster, type Seat } from './cluster.ts';
export * from './ledgers-cluster.ts';
export { type RunOptions, runScenario } from './run-scenario.ts';
export * from './scenario/index.ts';
export { parseAmount, parseQuantity, QuantityError } from './scenario/quantity.ts';
export type { ScenarioReport } from './scenario-report.ts';
export { type SteadyLoadOptions, type SteadyLoadResult, simulateSteadyLoad } from './steady-load.ts';
