import { trainingStates } from '../contracts/index.ts';
import { oracleWordsFor } from './oracle-refusals.ts';
import { acting } from './refusals.ts';
import { showInstant, showWei } from './text.ts';

/**
 * Does something with tasks of learning; when the contract refuses it, says why in words.
 * @throws TreadleError CLI_REFUSED (data: errorName, args, transactionHash), or whatever else the client throws
 */
export function actingOnTraining<T>(work: Promise<T>): Promise<T> {
  return acting(work, trainingWordsFor);
}

/** What an error of TrainingTasks means. */
export function trainingWordsFor(errorName: string, args: readonly unknown[]): string | undefined {
  return words[errorName]?.(args) ?? oracleWordsFor(errorName, args);
}

const wei = (value: unknown): string => showWei(BigInt(value as bigint));

const words: Readonly<Record<string, (args: readonly unknown[]) => string>> = {
  NotAMember: ([account]) => `${account} is no member, and has no valid certificate of a company`,
  InvalidTask: ([what]) => `"${what}" of the task is out of bounds`,
  WrongMoney: ([sent, expected]) => `${wei(sent)} were sent, ${wei(expected)} are needed`,
  TooManyOpen: ([atMost]) => `${atMost} tasks are open already, and no more are taken: try again later`,
  TooManyOpenOf: ([owner, atMost]) => `${atMost} tasks of ${owner} are open already, and no more of it are taken`,
  UnknownTask: ([task]) => `there is no task ${task}`,
  WrongState: ([task, state]) => `task ${task} is ${trainingStates[Number(state)] ?? 'in another state'}`,
  TaskFull: ([task]) => `all places of task ${task} are taken`,
  AlreadyEnrolled: ([task, client]) => `${client} has a place in task ${task} already`,
  NotEnrolled: ([task, client]) => `${client} has no place in task ${task}`,
  OnlyOwner: ([owner]) => `only ${owner}, who released the task, may do this`,
  TooFewClients: ([clients, atLeast]) => `${clients} clients have a place, ${atLeast} are needed`,
  RoundOpen: ([request]) => `a round is under way: request ${request} (treadle oracle explain ${request})`,
  NothingToSync: ([task]) => `task ${task} waits for nothing that is over`,
  BudgetTooSmall: ([has, fee]) => `the task has ${wei(has)} left for the oracle, a round costs ${wei(fee)}`,
  NoTimeLeft: ([task]) => `task ${task} has not enough time left`,
  NotExpired: ([task, expiresAt]) => `task ${task} has time until ${showInstant(Number(expiresAt) * 1000)}`,
  UnknownRound: ([task, round]) => `task ${task} has no round ${round}`,
  NoLie: () => 'this order does not prove a lie of a leader',
  AlreadySettled: ([task, client]) => `the stake of ${client} in task ${task} is settled already`,
};
