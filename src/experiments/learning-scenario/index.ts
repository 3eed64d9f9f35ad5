/** Scenarios of learning: a coordinator, clients, faults and liars over simulated nodes. */
export type { LearningReport } from './learning-report.ts';
export type { LearningScenario } from './learning-scenario.ts';
export { isLearningScenario, readLearningScenario } from './read-learning-scenario.ts';
export { learningScenarioReference } from './reference.ts';
export { type LearningRunOptions, runLearningScenario } from './run-learning-scenario.ts';
export { learningScenarioSchema } from './schema.ts';
