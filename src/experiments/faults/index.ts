/** The fault simulator: scenarios in which things go wrong, runs of them, and campaigns over many seeds. */
export { type BrokenRun, Campaign, type CampaignSummary, type FailedRun } from './campaign.ts';
export { type FaultReport, isClean } from './fault-report.ts';
export type { FaultScenario } from './format/fault-scenario.ts';
export { isFaultScenario, readFaultScenario } from './format/read-fault-scenario.ts';
export { faultScenarioReference } from './format/reference.ts';
export { faultScenarioSchema } from './format/schema.ts';
export { FOUND_HEADING, type QaPageOptions, qaPage } from './qa-page.ts';
export { type FaultRunOptions, runFaultScenario } from './run-fault-scenario.ts';
export { SOMETIMES } from './sometimes.ts';
export { swarmScenario } from './swarm.ts';
