import { decodeErrorResult, encodeDeployData } from 'viem';
import type { Address, Hex } from '../crypto/index.ts';
import { hasCode, TreadleError } from '../errors.ts';
import { PEDAL_ADDRESS } from './addresses.ts';
import { lowerAddresses } from './contract-catalog.ts';
import { contractPort } from './contract-port.ts';
import { dataFeedArtifact } from './generated/data-feed.ts';
import { pedalArtifact } from './generated/pedal.ts';
import type { LedgerClient } from './ledger-client.ts';
import { jobId, jobName } from './pedal-digests.ts';
import type { TransactionReceipt } from './rpc-shapes.ts';

/** What a feed asks, and how often. */
export interface FeedConfig {
  readonly job: string;
  readonly spec: Hex;
  readonly description: string;
  /** Digits behind the point of its values. */
  readonly decimals: number;
  readonly heartbeatSeconds: number;
  /** A value that moved by so much is worth a round before the heartbeat; in parts of a million. */
  readonly deviationPpm: number;
  /** How long a request of the feed may take. */
  readonly requestSeconds: number;
}

export interface FeedRound {
  readonly roundId: bigint;
  readonly answer: bigint;
  /** Seconds since the epoch. */
  readonly startedAt: bigint;
  readonly updatedAt: bigint;
}

/** A DataFeed contract in the words of the domain. Every method rejects as the ledger client's `call` or `transact` does. */
export interface DataFeedClient {
  config(): Promise<FeedConfig>;
  /** 0 = it has no value yet. */
  latestRound(): Promise<bigint>;
  /** @throws TreadleError CONTRACT_REVERTED (NoDataPresent) */
  round(id: bigint): Promise<FeedRound>;
  /** As other feeds have it. @throws TreadleError CONTRACT_REVERTED (NoDataPresent) */
  latestRoundData(): Promise<FeedRound>;
  /** The request under way; 0 = none. */
  openRequest(): Promise<bigint>;
  owedTo(account: Address): Promise<bigint>;
  poll(): Promise<TransactionReceipt>;
  claimDeviation(depositWei: bigint): Promise<TransactionReceipt>;
  sync(): Promise<TransactionReceipt>;
  withdraw(): Promise<TransactionReceipt>;
}

/** What creates a feed. */
export function dataFeedCode(config: FeedConfig, pedal: Address = PEDAL_ADDRESS): Hex {
  const { job, spec, description, decimals, heartbeatSeconds, deviationPpm, requestSeconds } = config;
  return encodeDeployData({
    abi: dataFeedArtifact.abi,
    bytecode: dataFeedArtifact.bytecode,
    args: [pedal, { job: jobId(job), spec, description, decimals, heartbeatSeconds, deviation: deviationPpm, requestSeconds }],
  });
}

/** A client of one feed. */
export function dataFeedClient(ledger: LedgerClient, address: Address): DataFeedClient {
  const { read, write } = contractPort(ledger, address, dataFeedArtifact.abi);
  const round = async (data: Promise<readonly [bigint, bigint, bigint, bigint, bigint]>): Promise<FeedRound> => {
    const [roundId, answer, startedAt, updatedAt] = await explained(data);
    return { roundId, answer, startedAt, updatedAt };
  };
  return {
    async config() {
      const [job, spec, description, decimals, heartbeat, deviation, seconds] = await Promise.all([
        read('job', []),
        read('spec', []),
        read('description', []),
        read('decimals', []),
        read('heartbeatSeconds', []),
        read('deviation', []),
        read('requestSeconds', []),
      ]);
      return {
        job: jobName(job),
        spec,
        description,
        decimals,
        heartbeatSeconds: Number(heartbeat),
        deviationPpm: Number(deviation),
        requestSeconds: Number(seconds),
      };
    },
    latestRound: () => read('latestRound', []),
    round: (id) => round(read('getRoundData', [id])),
    latestRoundData: () => round(read('latestRoundData', [])),
    openRequest: () => read('openRequest', []),
    owedTo: (account) => read('owed', [account]),
    poll: async () => (await explained(write('poll', []))).receipt,
    claimDeviation: async (value) => (await explained(write('claimDeviation', [], { value }))).receipt,
    sync: async () => (await explained(write('sync', []))).receipt,
    withdraw: async () => (await explained(write('withdraw', []))).receipt,
  };
}

const errors = [...dataFeedArtifact.abi, ...pedalArtifact.abi].filter(({ type }) => type === 'error');

/** A feed stands anywhere, so the catalogue of contracts does not know what it says when it refuses. */
async function explained<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (!hasCode(cause, 'CONTRACT_REVERTED')) throw cause;
    throw new TreadleError('CONTRACT_REVERTED', { ...refusal(cause), cause });
  }
}

function refusal({ detail, data }: TreadleError): { readonly detail: string; readonly data: Readonly<Record<string, unknown>> } {
  try {
    const { errorName, args } = decodeErrorResult({ abi: errors, data: data['returnData'] as Hex });
    const known = lowerAddresses(args ?? []) as readonly unknown[];
    return { detail: `the feed says ${errorName}(${known.map(String).join(', ')})`, data: { ...data, errorName, args: known } };
  } catch {
    return { detail, data };
  }
}
