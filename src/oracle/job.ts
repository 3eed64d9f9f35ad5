import { quorumOf } from '../contracts/index.ts';
import type { Address, Hex } from '../crypto/index.ts';
import type { FailureReason } from './reasons.ts';

/** A request as the contract took it in; times in seconds since the epoch. */
export interface OracleRequest {
  readonly id: bigint;
  readonly requester: Address;
  /** The contract's name of the job, 32 bytes. */
  readonly job: Hex;
  readonly spec: Uint8Array;
  readonly requestedAt: number;
  readonly requestedIn: number;
  readonly expiresAt: number;
  readonly callbackGas: number;
  readonly groupSize: number;
  readonly unanimous: boolean;
  /** The most that the job lets a result have. */
  readonly resultBytesMax: number;
}

/** What one node saw, or why it saw nothing. */
export type Sight =
  | { readonly kind: 'value'; readonly value: Uint8Array }
  | { readonly kind: 'failure'; readonly reason: FailureReason };

/** What the nodes of a group make of what they saw. */
export type Verdict =
  | { readonly kind: 'value'; readonly value: Uint8Array }
  | { readonly kind: 'failure'; readonly reason: FailureReason };

/**
 * How a group comes to an outcome. `collect`: everybody's sight is gathered, and the outcome computed from them: for what differs
 * from node to node, such as measurements. `propose`: whoever leads proposes what it saw, and the others sign when they saw the
 * same: one exchange less, for what is the same for everybody.
 */
export type Agreement = 'collect' | 'propose';

/** A request that cannot be worked on, whoever works on it. */
export class RequestRefused extends Error {
  readonly reason: FailureReason;

  constructor(reason: FailureReason, detail: string) {
    super(detail);
    this.name = 'RequestRefused';
    this.reason = reason;
  }
}

/**
 * A kind of work for the oracle. The engine takes care of who works, of signatures, of time and of transmission; a job says
 * what is seen and what follows from it.
 *
 * What a job must be prepared for, because any third of a group, and whoever leads, may lie:
 * - Every function but `observe` is pure: the same arguments give the same bytes on every node, on every machine. They are
 *   called any number of times, in any order, on some nodes and not on others, and again after a restart.
 * - A liar may send any bytes as its sight. `validateSight` decides alone whether they are looked at, and must not throw.
 * - Whoever leads chooses which sights go into an outcome, as long as they are enough: the outcome must be tolerable for every
 *   such choice. `quorum` must not fall when the group grows.
 * - `outcome` sees at most one sight of each member. At most floor((size - 1) / 3) of them are lies when the group is as honest
 *   as it has to be.
 * - A request may be answered, failed or expired by others at any moment; nothing tells the job.
 */
export interface OracleJob<Query = unknown> {
  /** The job's name, as the companies set it up: `data`, `message`, `compute`. */
  readonly name: string;
  /** Reads the specification. @throws RequestRefused when nobody could work on it */
  query(request: OracleRequest): Query;
  agreement(query: Query): Agreement;
  /**
   * Does what whoever leads does alone, for jobs that agree by `propose`, such as running a round of training; returns 32 bytes
   * that the others get with the proposal, the digest of what they fetch and check. Absent: 32 random bytes.
   */
  lead?(query: Query, request: OracleRequest, deadlineMicros: number): Promise<Uint8Array>;
  /**
   * Looks. A rejection counts as a sight of kind `failure`. Beside `lead` the only function with side effects; `deadlineMicros` is
   * from now. `hint`: what the leader's `lead` returned, which may be a lie; absent where sights are gathered.
   */
  observe(query: Query, request: OracleRequest, deadlineMicros: number, hint?: Uint8Array): Promise<Uint8Array>;
  /** Time for one look, and for what whoever leads does alone, where a job takes longer than the node's looks usually may. */
  lookMicros?(query: Query): number;
  /** Whether the bytes of somebody's sight have the form that `outcome` reads. */
  validateSight(query: Query, value: Uint8Array): boolean;
  /** How many values an outcome needs, of a group of this size. */
  quorum(query: Query, groupSize: number): number;
  /** How many members look at first, at least `quorum`; the others look when that was not enough. Where sights are gathered. */
  firstLook(query: Query, groupSize: number): number;
  /** What follows from these values, all valid and at least `quorum` of them; undefined: nothing yet. */
  outcome(query: Query, values: readonly Uint8Array[], groupSize: number): Verdict | undefined;
  /** The result that goes on the ledger. `nonce`: 32 bytes that whoever leads chose and showed the group, for encryption. */
  report(query: Query, value: Uint8Array, nonce: Uint8Array): Uint8Array;
  /** Whether a node signs an outcome that came from enough valid sights, with what it saw itself (undefined: nothing). */
  accept(query: Query, value: Uint8Array, own: Uint8Array | undefined): boolean;
  /** Whether an answer is still worth transmitting. */
  transmit(query: Query, request: OracleRequest, nowSeconds: number): boolean;
}

/** What is the same in most jobs. */
export const JOB_DEFAULTS = {
  quorum: (_query: unknown, groupSize: number): number => quorumOf(groupSize),
  firstLook: (_query: unknown, groupSize: number): number => groupSize,
  accept: (): boolean => true,
  transmit: (_query: unknown, request: OracleRequest, nowSeconds: number): boolean => nowSeconds < request.expiresAt,
} as const;
