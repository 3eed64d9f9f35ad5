/** Many learn together: strategies, attacks, rounds, and runs of whole trainings. */
export { PRE_AGGREGATORS, STRATEGIES } from './aggregation/catalogue.ts';
export {
  type Aggregate,
  aggregate,
  type Contribution,
  type PreAggregator,
  type PreAggregatorPlugin,
  type RoundContext,
  type Strategy,
  type StrategyPlugin,
} from './aggregation/strategy.ts';
export type { Attack, AttackContext, AttackPlugin, ClientSamples } from './attacks/attack.ts';
export { ATTACKS } from './attacks/catalogue.ts';
export {
  checkSettings,
  findPlugin,
  type Plugin,
  type PluginChoice,
  type PluginParameter,
  type PluginSettings,
  pluginChoiceText,
  readPluginChoice,
} from './plugin.ts';
export { type ClientDependencies, FederatedClient } from './round/client.ts';
export type { Coordinator, CoordinatorDependencies, CoordinatorOptions } from './round/coordinator.ts';
export { Coordinators } from './round/coordinators.ts';
export { localTrainer, type Trainer } from './round/local-trainer.ts';
export { CLIENT_PROTOCOL, encodeClientRequest, type OrderRequest } from './round/messages.ts';
export { checkRecordChain } from './round/record-chain.ts';
export { RoundCore, type RoundEffect, type RoundEvent, type RoundRules } from './round/round-core.ts';
export {
  type AbsentClient,
  type AcceptedClient,
  decodeRoundRecord,
  digestOfRoundRecord,
  encodeRoundRecord,
  type RejectedClient,
  type RoundMetrics,
  type RoundRecord,
} from './round/round-record.ts';
export {
  type BlockResult,
  type EvaluateJob,
  evaluateOn,
  type Job,
  type JobResult,
  type JobRunner,
  JobWorker,
  type TrainJob,
  type TrainResult,
} from './run/job.ts';
export { firstWeights, learn, type RunPosition, trainingName } from './run/learning-run.ts';
export { asNetworkTakes, networkFor, prepareRunData, type RunData, shareSamples, usualNetwork } from './run/run-data.ts';
export {
  checkPlan,
  clientName,
  clientNumber,
  orderOf,
  PARTITION_KINDS,
  type PartitionKind,
  type RunPlan,
} from './run/run-plan.ts';
export { activeClients, maliciousClients, type RoundInput, type RoundOutcome, runRound } from './run/run-round.ts';
export { type ClientCheck, verifyRound } from './run/verify-run.ts';
export { decodeTaskBundle, type SignedUpdate, type TaskBundle } from './task/task-bundle.ts';
export type { TaskClient, TaskRound, TaskWork } from './task/task-round.ts';
export { type TaskOutcome, TaskRounds, type TaskRoundsDependencies } from './task/task-rounds.ts';
export { type Trained, type TrainingOrder, type TrainingTurn, trainLocally } from './training/training-order.ts';
export { digestOfBytes, digestOfWeights, type WeightsDigest, weightsFromBytes, weightsToBytes } from './weights.ts';
