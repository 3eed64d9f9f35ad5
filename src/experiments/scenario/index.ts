/** Scenarios: the YAML in which a simulated consortium is described, its schema, and the files of places it names. */
export { type Calibration, readCalibration } from './calibration.ts';
export * from './errors.ts';
export type { Fault } from './faults.ts';
export { type LoadScenarioOptions, loadScenario } from './load-scenario.ts';
export { type Place, readPlaces } from './places.ts';
export type { LinkSettings, Placement, Scenario } from './scenario.ts';
export { type Schema, scenarioSchema } from './schema.ts';
