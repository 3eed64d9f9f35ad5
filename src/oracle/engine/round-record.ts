import type { Hex } from '../../crypto/index.ts';
import type { NodeId } from '../../environment/index.ts';
import type { Attempt, FailureReason } from '../reasons.ts';
import type { Objection } from './wire.ts';

/** What one member did in a round, as whoever led it knows. */
export interface MemberRecord {
  readonly node: NodeId;
  /** Seconds since the epoch; undefined: no sight arrived. */
  readonly observedAt?: number;
  /** Which requests it saw a value for, and which it did not. */
  readonly saw: readonly string[];
  readonly failed: readonly { readonly id: string; readonly reason: FailureReason }[];
  readonly signed: boolean;
  readonly objections: readonly { readonly id: string; readonly why: Objection }[];
  /** Its signature was wrong: it lies. */
  readonly lied: boolean;
  readonly error?: string;
}

/** One attempt at some requests, for operators: who did what, and why it came to nothing. Times in ms since the epoch. */
export interface RoundRecord {
  readonly term: number;
  readonly attempt: number;
  readonly leader: NodeId;
  /** -1: the master. */
  readonly position: number;
  readonly requests: readonly string[];
  readonly startedMs: number;
  readonly observedMs?: number;
  readonly signedMs?: number;
  readonly endedMs?: number;
  readonly members: readonly MemberRecord[];
  readonly quorum: number;
  /** Requests that were brought, with the transaction. */
  readonly answered: readonly string[];
  readonly transactionHash?: Hex;
  /** Requests that stay pending, and why. */
  readonly unanswered: readonly { readonly id: string; readonly why: Attempt }[];
  readonly error?: string;
}
