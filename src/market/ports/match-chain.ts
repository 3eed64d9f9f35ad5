import type { FailureReason, NoMatchReason, SigningDomain } from '../../contracts/index.ts';
import type { Address, Hex } from '../../crypto/index.ts';
import type { Micros } from '../../environment/index.ts';

/** Whom the registry chose, among whom: what every company checks against its own search. */
export interface MatchChoice {
  /** The chosen node's number in the registry. */
  readonly nodeId: number;
  /** In square micro-degrees. */
  readonly distanceSquared: bigint;
  /** How many nodes the search looked at. */
  readonly considered: number;
  /** Numbers of the nearest eligible nodes in order, the chosen one first. */
  readonly among: readonly number[];
}

/** A match as the chain shows it. */
export interface Match {
  readonly taskId: Hex;
  readonly device: Address;
  /** The address of the node chosen last. */
  readonly node: Address;
  readonly service: string;
  /** The node's price when it was chosen. */
  readonly priceWei: bigint;
  /** 1 for the first node, one more for each replacement. */
  readonly attempt: number;
  readonly state: 'open' | 'completed' | 'failed' | 'expired';
  /** From then on anyone may free the slot of an open match. */
  readonly expiresAtMicros: Micros;
  readonly choice: MatchChoice;
}

export type MatchOutcome =
  | { readonly matched: true; readonly match: Match }
  | { readonly matched: false; readonly reason: NoMatchReason };

export interface MatchRequest {
  /** The first 20 bytes are the device's address, the rest is its own choice, used once. */
  readonly taskId: Hex;
  readonly latitudeE6: number;
  readonly longitudeE6: number;
  readonly service: string;
  readonly priceLimitWei: bigint;
}

/** A task that a final block changed. */
export interface TaskChange {
  readonly taskId: Hex;
  /** The node that was matched; absent when the task ended. */
  readonly node?: Address;
}

/** The edge registry as the market needs it. Promises of changes resolve when the change is in a final block. */
export interface MatchChain {
  readonly domain: SigningDomain;
  /** By a device. */
  requestMatch(request: MatchRequest): Promise<MatchOutcome>;
  /** By the device of an open match: notes the failure on the node's record and matches the next best. */
  reportFailure(request: { readonly taskId: Hex; readonly reason: FailureReason }): Promise<MatchOutcome>;
  /** By the matched node: gives the places back. Tasks that are not open any more are skipped. */
  complete(taskIds: readonly Hex[]): Promise<void>;
  /** Undefined when this node's view of the chain does not show the task (yet). */
  task(taskId: Hex): Promise<Match | undefined>;
  /** Frees the slots of open matches whose time is over. Tasks that are not open any more are skipped. */
  expire(taskIds: readonly Hex[]): Promise<void>;
  /** Called for each task that a final block matched, matched again, or closed; returns the unsubscriber. */
  onTask(listener: (change: TaskChange) => void): () => void;
}
