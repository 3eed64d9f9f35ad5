/** Scenarios of the oracle: what is asked, who attacks it, and a referee who knows what the sources said. */
export type { PedalScenario } from './format/pedal-scenario.ts';
export { isPedalScenario, readPedalScenario } from './format/read-pedal-scenario.ts';
export { pedalScenarioReference } from './format/reference.ts';
export { pedalScenarioSchema } from './format/schema.ts';
export { isGood, type PedalReport } from './pedal-report.ts';
export { type PedalRunOptions, runPedalScenario } from './run-pedal-scenario.ts';
