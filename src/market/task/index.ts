/** Tasks: what devices ask of edge nodes, and what edge nodes answer for. */
export { type Completions, createCompletions } from './completions.ts';
export { type CreditLedger, openCreditLedger } from './credit-ledger.ts';
export { createLeaseKeeper, type LeaseKeeper } from './lease-keeper.ts';
export {
  createTaskClient,
  type TaskAttempt,
  type TaskClient,
  type TaskClientDependencies,
  type TaskOrder,
  type TaskOutcome,
} from './task-client.ts';
export { inputHashOf, TASK_PROTOCOL, type TaskRequest, type TaskResult, type TaskStatus } from './task-messages.ts';
export { signTaskResult, taskResultIsValid } from './task-result.ts';
export { createTaskServer, type TaskPolicy, type TaskServer, type TaskServerDependencies } from './task-server.ts';
