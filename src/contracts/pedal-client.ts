import type { Address, Hex } from '../crypto/index.ts';
import { PEDAL_ADDRESS } from './addresses.ts';
import type { Page } from './consortium-client.ts';
import { contractPort, eventNamed, nameOf } from './contract-port.ts';
import { pedalArtifact } from './generated/pedal.ts';
import type { BlockTag, LedgerClient } from './ledger-client.ts';
import type { JobConfig } from './oracle-placement.ts';
import { jobId, jobName, type PedalOutcome } from './pedal-digests.ts';
import type { TransactionReceipt } from './rpc-shapes.ts';

/** All in the contract's order. */
export const requestStates = ['none', 'pending', 'answered', 'failed', 'expired'] as const;
export type RequestState = (typeof requestStates)[number];
/** Why a request has no result; all but `expired` are what a quorum of the group signed. */
export const requestReasons = [
  'none',
  'expired',
  'sourceUnreachable',
  'sourceRefused',
  'invalidSpec',
  'invalidData',
  'noAgreement',
  'notAllowed',
  'resultTooLarge',
] as const;
export type RequestReason = (typeof requestReasons)[number];
/** Why a master did not get a request answered this time. */
export const attemptReasons = ['none', 'noQuorum', 'observersDisagree', 'sourceSlow', 'overloaded', 'other'] as const;
export type AttemptReason = (typeof attemptReasons)[number];
/** What a request waits for. */
export const requestWaits = [
  'nothing',
  'mayBeExpired',
  'oraclePaused',
  'tooFewNodes',
  'electionRuns',
  'waitsForMaster',
  'workNodesMayTransmit',
  'masterSilent',
] as const;
export type RequestWait = (typeof requestWaits)[number];

/** One request as the contract keeps it. The specification itself is in the event `Requested` of block `requestedIn`. */
export interface RequestRecord {
  readonly requester: Address;
  /** Seconds since the Unix epoch. */
  readonly requestedAt: bigint;
  readonly callbackGas: number;
  /** Name of the job. */
  readonly job: string;
  readonly specHash: Hex;
  readonly depositWei: bigint;
  readonly expiresAt: bigint;
  /** Block. */
  readonly requestedIn: bigint;
  readonly state: RequestState;
  readonly reason: RequestReason;
  /** Whether the requester took the callback. */
  readonly delivered: boolean;
  readonly groupSize: number;
  /** The term whose group answered, and when it observed; 0 while pending. */
  readonly term: bigint;
  readonly observedAt: bigint;
  readonly attempts: number;
  readonly lastAttempt: AttemptReason;
  readonly unanimous: boolean;
}

/** Where a request stands, and what it waits for. */
export interface RequestExplanation {
  readonly state: RequestState;
  readonly reason: RequestReason;
  readonly why: RequestWait;
  /** The present term while it is pending, then the one whose group answered. */
  readonly term: bigint;
  /** The zero address while an election runs. */
  readonly master: Address;
  readonly attempts: number;
  readonly lastAttempt: AttemptReason;
  /** Block from which on more is possible; 0 = nothing to wait for. */
  readonly nextBlock: bigint;
}

/** What is kept of a term; all zero for one that nobody opened. */
export interface TermRecord {
  readonly alpha: Hex;
  /** What the next term's alpha is made of; zero = nobody showed a number. */
  readonly seed: Hex;
  readonly previous: bigint;
  /** Who leads after a master was replaced; 0 = as elected. */
  readonly masterId: number;
  readonly replaced: number;
  /** Blocks. */
  readonly masterSince: bigint;
  readonly masterActedIn: bigint;
}

/** What shows that enough of a group signed. */
export interface Attestation {
  /** Bit i: number i of the group signed. */
  readonly signers: bigint;
  /** The sum of their signatures, 256 bytes. */
  readonly signature: Hex;
  /** The master's signature over alpha where it owes one; else empty. */
  readonly proof: Hex;
}

export interface AskOptions {
  /** Name of the job. */
  readonly job: string;
  readonly spec: Hex;
  /** Seconds since the Unix epoch. */
  readonly expiresAt: bigint;
  readonly depositWei: bigint;
  /** Gas that the callback of a requesting contract gets; an account needs none. */
  readonly callbackGas?: number;
}

export interface EquivocatingMaster {
  readonly term: bigint;
  readonly id: bigint;
  readonly attempt: number;
  /** Its number in the registry. */
  readonly node: number;
  /** keccak256 of what was proposed. */
  readonly content: Hex;
  readonly signature: Hex;
  readonly otherContent: Hex;
  readonly otherSignature: Hex;
}

/** What became of an answer. */
export interface AnswerOutcome {
  /** Requests that it ended. */
  readonly accepted: bigint;
  /** Requests of a batch that were not pending any more. */
  readonly skipped: readonly bigint[];
  readonly receipt: TransactionReceipt;
}

export interface PedalSettings {
  readonly termBlocks: bigint;
  readonly electBlocks: bigint;
  readonly expectedWinners: bigint;
  readonly stageBlocks: bigint;
  readonly silenceBlocks: bigint;
  readonly silenceSlashWei: bigint;
}

/** The Pedal contract in the words of the domain. Every method rejects as the ledger client's `call` or `transact` does. */
export interface PedalClient {
  request(ask: AskOptions): Promise<{ readonly id: bigint; readonly receipt: TransactionReceipt }>;
  /** Ends a request whose time is over; the deposit comes back. */
  expire(id: bigint): Promise<TransactionReceipt>;
  /** Pays this client's account what it is owed here. */
  collect(): Promise<TransactionReceipt>;
  /** Shows this client's number for a term: `proof` is its signature over alpha, 256 bytes. */
  elect(term: bigint, proof: Hex): Promise<TransactionReceipt>;
  /** `gas`: the callback's included. */
  answer(
    term: bigint,
    outcome: PedalOutcome,
    attestation: Attestation,
    options?: { readonly gas?: bigint },
  ): Promise<AnswerOutcome>;
  /** Up to 64 requests with the same group size under one signature. */
  answerMany(
    term: bigint,
    outcomes: readonly PedalOutcome[],
    attestation: Attestation,
    options?: { readonly gas?: bigint },
  ): Promise<AnswerOutcome>;
  noteAttempt(id: bigint, why: AttemptReason): Promise<TransactionReceipt>;
  replaceMaster(id: bigint): Promise<TransactionReceipt>;
  reportEquivocation(report: EquivocatingMaster): Promise<TransactionReceipt>;

  settings(): Promise<PedalSettings>;
  limits(): Promise<{ readonly openRequests: number; readonly openPerRequester: number }>;
  paused(): Promise<boolean>;
  /** Undefined for a job that was never set. */
  job(name: string): Promise<JobConfig | undefined>;

  currentTerm(block?: BlockTag): Promise<bigint>;
  /** For the present term, the one before, and terms that were opened. */
  alphaOf(term: bigint, block?: BlockTag): Promise<Hex>;
  thresholdOf(term: bigint, block?: BlockTag): Promise<bigint>;
  termOf(term: bigint, block?: BlockTag): Promise<TermRecord>;
  /** Smallest number first. */
  candidatesOf(term: bigint, block?: BlockTag): Promise<readonly { readonly id: number; readonly beta: Hex }[]>;
  groupSeedOf(term: bigint, block?: BlockTag): Promise<Hex>;
  seedOf(term: bigint, block?: BlockTag): Promise<Hex>;
  /** The zero address while the election runs. */
  masterOf(term: bigint, block?: BlockTag): Promise<Address>;
  /** 0 while the election runs. */
  masterIdOf(term: bigint, block?: BlockTag): Promise<number>;
  /** Accounts in the order in which they may transmit. */
  groupOf(term: bigint, size: number, block?: BlockTag): Promise<readonly Address[]>;
  wasReplaced(term: bigint, node: number, block?: BlockTag): Promise<boolean>;

  requestCount(block?: BlockTag): Promise<bigint>;
  requestOf(id: bigint, block?: BlockTag): Promise<RequestRecord>;
  /** @throws TreadleError CONTRACT_REVERTED (UnknownRequest) for a request that was not answered */
  resultOf(id: bigint): Promise<Hex>;
  explain(id: bigint, block?: BlockTag): Promise<RequestExplanation>;
  pendingCount(block?: BlockTag): Promise<bigint>;
  /** Numbers of pending requests, in no order; at most 500 at a time. */
  pending(page: Page, block?: BlockTag): Promise<readonly bigint[]>;
  openOf(requester: Address): Promise<bigint>;
  owedTo(account: Address): Promise<bigint>;
  fundWei(): Promise<bigint>;
}

/** A client of the Pedal contract. */
export function pedalClient(ledger: LedgerClient, address: Address = PEDAL_ADDRESS): PedalClient {
  const port = contractPort(ledger, address, pedalArtifact.abi);
  return {
    async request({ job, spec, expiresAt, depositWei, callbackGas = 0 }) {
      const done = await port.write('request', [jobId(job), spec, expiresAt, callbackGas], { value: depositWei });
      return { id: eventNamed(done, 'Requested').args['id'] as bigint, receipt: done.receipt };
    },
    expire: async (id) => (await port.write('expire', [id])).receipt,
    collect: async () => (await port.write('collect', [])).receipt,
    elect: async (term, proof) => (await port.write('elect', [term, proof])).receipt,
    answer: async (term, outcome, attestation, options) =>
      answered(await port.write('answer', [term, outcome, attestation], options)),
    answerMany: async (term, outcomes, attestation, options) =>
      answered(await port.write('answerMany', [term, outcomes, attestation], options)),
    noteAttempt: async (id, why) => (await port.write('noteAttempt', [id, attemptReasons.indexOf(why)])).receipt,
    replaceMaster: async (id) => (await port.write('replaceMaster', [id])).receipt,
    async reportEquivocation({ term, id, attempt, node, content, signature, otherContent, otherSignature }) {
      const args = [term, id, attempt, node, content, signature, otherContent, otherSignature] as const;
      return (await port.write('reportEquivocation', args)).receipt;
    },
    async settings() {
      const [termBlocks, electBlocks, expectedWinners, stageBlocks, silenceBlocks, silenceSlashWei] = await Promise.all([
        port.read('termBlocks', []),
        port.read('electBlocks', []),
        port.read('expectedWinners', []),
        port.read('stageBlocks', []),
        port.read('silenceBlocks', []),
        port.read('silenceSlashWei', []),
      ]);
      return { termBlocks, electBlocks, expectedWinners, stageBlocks, silenceBlocks, silenceSlashWei };
    },
    async limits() {
      const [openRequests, openPerRequester] = await port.read('limits', []);
      return { openRequests, openPerRequester };
    },
    paused: () => port.read('paused', []),
    async job(name) {
      const config = await port.read('jobOf', [jobId(name)]);
      // A job has a group of at least four.
      return config.groupSize === 0 ? undefined : config;
    },
    currentTerm: (block) => port.read('currentTerm', [], block),
    alphaOf: (term, block) => port.read('alphaOf', [term], block),
    thresholdOf: (term, block) => port.read('thresholdOf', [term], block),
    termOf: (term, block) => port.read('termOf', [term], block),
    candidatesOf: (term, block) => port.read('candidatesOf', [term], block),
    groupSeedOf: (term, block) => port.read('groupSeedOf', [term], block),
    seedOf: (term, block) => port.read('seedOf', [term], block),
    masterOf: (term, block) => port.read('masterOf', [term], block),
    masterIdOf: (term, block) => port.read('masterIdOf', [term], block),
    groupOf: (term, size, block) => port.read('groupOf', [term, BigInt(size)], block),
    wasReplaced: (term, node, block) => port.read('wasReplaced', [term, node], block),
    requestCount: (block) => port.read('requestCount', [], block),
    async requestOf(id, block) {
      const { queueIndex: _, ...view } = await port.read('requestOf', [id], block);
      return {
        ...view,
        job: jobName(view.job),
        state: nameOf(requestStates, view.state),
        reason: nameOf(requestReasons, view.reason),
        lastAttempt: nameOf(attemptReasons, view.lastAttempt),
      };
    },
    resultOf: (id) => port.read('resultOf', [id]),
    async explain(id, block) {
      const view = await port.read('explain', [id], block);
      return {
        ...view,
        state: nameOf(requestStates, view.state),
        reason: nameOf(requestReasons, view.reason),
        why: nameOf(requestWaits, view.why),
        lastAttempt: nameOf(attemptReasons, view.lastAttempt),
      };
    },
    pendingCount: (block) => port.read('pendingCount', [], block),
    pending: ({ offset, limit }, block) => port.read('pending', [offset, limit], block),
    openOf: (requester) => port.read('openOf', [requester]),
    owedTo: (account) => port.read('owedTo', [account]),
    fundWei: () => port.read('fundWei', []),
  };
}

function answered(done: Parameters<typeof eventNamed>[0]): AnswerOutcome {
  const accepted = eventNamed(done, 'Accepted').args['requests'] as bigint;
  const skipped = done.events.filter(({ name }) => name === 'Skipped').map(({ args }) => args['id'] as bigint);
  return { accepted, skipped, receipt: done.receipt };
}
