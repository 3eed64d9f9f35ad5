import type { Address, Hex } from '../../../crypto/index.ts';
import type { FixtureTransaction } from './fixture-ledger.ts';

export const DAY_MS = 86_400_000;

export interface FixtureOptions {
  readonly edgeNodes: number;
  readonly devices: number;
  readonly tasks: number;
  readonly channels: number;
  /** With an oracle and requests to it, and messages to and from another ledger. */
  readonly oracle?: boolean;
  /** When the chain's head is dated. */
  readonly endMs: number;
}

export interface FixtureNode {
  readonly id: number;
  readonly account: Address;
  readonly company: Address;
  readonly latitudeE6: number;
  readonly longitudeE6: number;
  readonly capacity: number;
  readonly priceWei: bigint;
  readonly services: readonly Hex[];
}

/** A transaction and when it is due. */
export type Timed = FixtureTransaction & { readonly atMs: number };

/** Uniform in [0, 1). */
export type Random = () => number;

/** What stories are made from. */
export interface Making {
  readonly options: FixtureOptions;
  readonly nodes: readonly FixtureNode[];
  readonly random: Random;
}
