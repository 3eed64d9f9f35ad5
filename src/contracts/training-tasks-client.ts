import type { Address, Hex } from '../crypto/index.ts';
import { TRAINING_TASKS_ADDRESS } from './addresses.ts';
import { contractPort, eventNamed, nameOf } from './contract-port.ts';
import { trainingTasksArtifact } from './generated/training-tasks.ts';
import type { BlockTag, LedgerClient } from './ledger-client.ts';
import type { TransactionReceipt } from './rpc-shapes.ts';

/** In the contract's order. */
export const trainingStates = ['none', 'open', 'running', 'finished', 'failed', 'expired', 'cancelled'] as const;
export type TrainingState = (typeof trainingStates)[number];

/** What is to be learnt, and how. */
export interface TrainingSpec {
  readonly dataset: string;
  /** Where the files of the data set are; empty when everybody has them or makes them. */
  readonly url: string;
  readonly network: string;
  /** Strategy with its settings, and what goes in front of it, as `name:setting=value` separated by blanks. */
  readonly strategy: string;
  /** Digest of the model that the first round begins with. */
  readonly first: Hex;
  readonly seed: bigint;
  readonly rounds: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** In parts of a million. */
  readonly learningRatePpm: number;
  /** Places for clients, and updates without which a round does not count. */
  readonly clients: number;
  readonly quorum: number;
  readonly roundSeconds: number;
  /** Seconds since the Unix epoch. */
  readonly expiresAt: bigint;
  readonly clientStakeWei: bigint;
}

export interface TrainingTask {
  readonly id: bigint;
  readonly owner: Address;
  readonly state: TrainingState;
  readonly roundsDone: number;
  /** Attempts at rounds that came to nothing. */
  readonly failures: number;
  /** The request to the oracle under way; 0 = none. */
  readonly request: bigint;
  readonly rewardWei: bigint;
  readonly stakeWei: bigint;
  /** What is left for the oracle's fees, and of the reward. */
  readonly budgetWei: bigint;
  readonly leftWei: bigint;
  /** Seconds since the Unix epoch; 0 = not over. */
  readonly endedAt: bigint;
  readonly spec: TrainingSpec;
}

export interface TrainingClient {
  readonly account: Address;
  readonly samples: number;
  /** Rounds with its update in the model, and without. */
  readonly accepted: number;
  readonly rejected: number;
  readonly settled: boolean;
  readonly earnedWei: bigint;
}

export interface TrainingRound {
  readonly digest: Hex;
  /** Of the record with all that is said of the round off the ledger. */
  readonly record: Hex;
  readonly sizeBytes: number;
  readonly accuracyPpm: number;
  readonly lossPpm: bigint;
  readonly request: bigint;
}

/** The TrainingTasks contract in the words of the domain. Every method rejects as the ledger client's `call` or `transact` does. */
export interface TrainingTasksClient {
  /** `budgetWei`: for the oracle's fees, at least one for each round; what is left comes back. */
  release(
    spec: TrainingSpec,
    money: { readonly rewardWei: bigint; readonly stakeWei: bigint; readonly budgetWei: bigint },
  ): Promise<{ readonly id: bigint; readonly receipt: TransactionReceipt }>;
  enrol(id: bigint, options: { readonly samples: number; readonly stakeWei: bigint }): Promise<TransactionReceipt>;
  start(id: bigint): Promise<TransactionReceipt>;
  advance(id: bigint): Promise<TransactionReceipt>;
  sync(id: bigint): Promise<TransactionReceipt>;
  cancel(id: bigint): Promise<TransactionReceipt>;
  expire(id: bigint): Promise<TransactionReceipt>;
  settleStake(id: bigint, account: Address): Promise<TransactionReceipt>;
  reportModel(
    id: bigint,
    lie: { readonly round: number; readonly given: Hex; readonly signature: Hex },
  ): Promise<TransactionReceipt>;
  withdraw(): Promise<TransactionReceipt>;
  count(block?: BlockTag): Promise<bigint>;
  task(id: bigint, block?: BlockTag): Promise<TrainingTask>;
  clients(id: bigint, block?: BlockTag): Promise<readonly TrainingClient[]>;
  /** @throws TreadleError CONTRACT_REVERTED (UnknownRound) for a round that is not done */
  round(id: bigint, round: number, block?: BlockTag): Promise<TrainingRound>;
  /** @throws TreadleError CONTRACT_REVERTED (UnknownRound) for a round that is not done */
  digestOf(id: bigint, round: number, block?: BlockTag): Promise<Hex>;
  owedTo(account: Address): Promise<bigint>;
  /** Whether a leader was proven to hand out another model than the ledger's. */
  lied(leader: Address): Promise<boolean>;
  minStakeWei(): Promise<bigint>;
}

/** A client of the contract at its address. */
export function trainingTasksClient(ledger: LedgerClient): TrainingTasksClient {
  const { read, write } = contractPort(ledger, TRAINING_TASKS_ADDRESS, trainingTasksArtifact.abi);
  const receiptOf = async (work: Promise<{ readonly receipt: TransactionReceipt }>): Promise<TransactionReceipt> =>
    (await work).receipt;
  return {
    async release({ learningRatePpm, ...spec }, { rewardWei, stakeWei, budgetWei }) {
      const args = [{ ...spec, learningRate: learningRatePpm }, rewardWei, stakeWei] as const;
      const done = await write('release', args, { value: rewardWei + stakeWei + budgetWei });
      return { id: eventNamed(done, 'Released').args['task'] as bigint, receipt: done.receipt };
    },
    enrol: (id, { samples, stakeWei }) => receiptOf(write('enrol', [id, samples], { value: stakeWei })),
    start: (id) => receiptOf(write('start', [id])),
    advance: (id) => receiptOf(write('advance', [id])),
    sync: (id) => receiptOf(write('sync', [id])),
    cancel: (id) => receiptOf(write('cancel', [id])),
    expire: (id) => receiptOf(write('expire', [id])),
    settleStake: (id, account) => receiptOf(write('settleStake', [id, account])),
    reportModel: (id, { round, given, signature }) => receiptOf(write('reportModel', [id, round, given, signature])),
    withdraw: () => receiptOf(write('withdraw', [])),
    count: (block) => read('taskCount', [], block),
    async task(id, block) {
      const [{ state, owner, ...task }, { learningRate, ...spec }] = await read('taskOf', [id], block);
      return {
        ...{ id, ...task },
        owner: owner.toLowerCase() as Address,
        state: nameOf(trainingStates, state),
        spec: { ...spec, learningRatePpm: learningRate },
      };
    },
    async clients(id, block) {
      const clients = await read('clientsOf', [id], block);
      return clients.map(({ account, ...client }) => ({ ...client, account: account.toLowerCase() as Address }));
    },
    async round(id, round, block) {
      const { accuracy, loss, ...done } = await read('roundOf', [id, round], block);
      return { ...done, accuracyPpm: accuracy, lossPpm: loss };
    },
    digestOf: (id, round, block) => read('digestOf', [id, round], block),
    owedTo: (account) => read('owed', [account]),
    lied: (leader) => read('lied', [leader]),
    minStakeWei: () => read('minStakeWei', []),
  };
}
