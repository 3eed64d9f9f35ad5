import type { Micros } from '../../environment/index.ts';
import type { Percentiles } from '../percentiles.ts';

/** One cell of the oracle paper's figures: so many requests or transactions of this size, at once, on so many nodes. */
export interface FigureCell {
  readonly nodes: number;
  readonly transactions: number;
  readonly sizeBytes: number;
}

/** What is the same for everybody who is compared. */
export interface FigureLine {
  readonly bitsPerSecond: number;
  /** One way, between any two machines. */
  readonly latencyMicros: Micros;
  /** By which each message's way differs from that, at most. */
  readonly jitterMicros: Micros;
  /** Of Treadle's ledger; the time in which a baseline's leader lets bodies come together. */
  readonly blockIntervalMicros: Micros;
  /** How long the first transaction after a pause waits for others; baselines wait a whole interval. */
  readonly gatherMicros: Micros;
}

/** What came of one cell. */
export interface CellOutcome {
  /** Everything was final at every node that has to hold it, within the time allowed. */
  readonly finished: boolean;
  readonly committed: number;
  /** From the asking to the last node's last commit; undefined when it did not finish. */
  readonly makespanMs: number | undefined;
  readonly latencyMs: Percentiles;
  /** All bytes on all lines: messages, and what came from sources. */
  readonly ioBytes: number;
  /** What of them came from sources, requests included. */
  readonly outsideBytes: number;
  readonly messages: number;
  readonly reads: number;
  readonly viewChanges: number;
  /** Bytes of messages by protocol, without the fixed cost of frames. */
  readonly bytesOfKinds: Readonly<Record<string, number>>;
}

/** What the figures compare; `operated` baselines have the limits that an operator would set. */
export const RIVALS = ['pbft-naive', 'dbft', 'ribft', 'ribft-shared'] as const;
export type Rival = (typeof RIVALS)[number];
export type Contender = 'pedal' | Rival | `${Rival} (limits)`;

/** Figures of one family show the same cells; each family is run for itself, so that a figure is the same whatever else is run. */
export type Family = 'by-transactions' | 'by-size' | 'large';

/** Cells that are run one after the other: one contender, one size of the network, one seed. */
export interface Unit {
  readonly family: Family;
  readonly contender: Contender;
  readonly nodes: number;
  readonly seed: number;
  readonly cells: readonly FigureCell[];
}

/** What came of one cell of a unit. */
export interface CellResult {
  readonly family: Family;
  readonly contender: Contender;
  readonly seed: number;
  readonly cell: FigureCell;
  readonly outcome: CellOutcome;
}
