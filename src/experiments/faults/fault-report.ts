import type { Percentiles } from '../percentiles.ts';
import type { EvidenceFigures } from './evidence-watch.ts';
import type { ByzantineKind } from './format/fault-scenario.ts';
import type { Violation } from './verdict.ts';

/** What a fault run came to; `treadle sim --json` and `treadle fuzz --json` print it. */
export interface FaultReport {
  readonly scenario: string;
  readonly seed: number;
  readonly nodes: number;
  /** How often something happened that must never happen. */
  readonly violations: number;
  readonly violationList: readonly Violation[];
  /** After the faults the consortium committed new blocks and everything acknowledged, in time, and all nodes agree. */
  readonly liveAfterHeal: boolean;
  /** What was still missing when the time was over. */
  readonly stuck: string | undefined;
  /** Blocks. */
  readonly commits: number;
  readonly transactions: {
    readonly submitted: number;
    /** Offers to nodes, retries included. */
    readonly attempts: number;
    readonly acknowledged: number;
    readonly committed: number;
    readonly refused: number;
  };
  readonly commitLatencyMs: Percentiles;
  readonly goodput: {
    /** Over the whole run. */
    readonly transactionsPerSecond: number;
    readonly bytesPerSecond: number;
    /** Transactions committed while faults ran, as a share of those offered meanwhile (of the ordinary rate, when there were more). */
    readonly share: number;
    /** Blocks per second while faults ran, as a share of those before. */
    readonly blockRateShare: number;
  };
  /** Longest time between two blocks, from the end of the warm-up on. */
  readonly longestGapMs: number;
  /** The same, until the faults ended. */
  readonly longestGapUnderFaultsMs: number;
  /** From the heal to the first new block; null when none came. */
  readonly recoveryMs: number | null;
  /** From the heal until every acknowledged transaction was in a block and every node had it; null when that did not happen. */
  readonly drainedMs: number | null;
  /** From the heal until all that was acknowledged before it was in blocks; null when that did not happen. */
  readonly hangoverMs: number | null;
  /** Highest round in which a block was committed, and that an honest node entered. */
  readonly roundMax: number;
  readonly roundEnteredMax: number;
  /** Bytes that crossed the network for each megabyte of transactions committed. */
  readonly bytesPerCommittedMb: number;
  /** Stored values that were spoilt, those that still are, what nodes found and mended, and the bytes they fetched for that or to catch up. */
  readonly damage: {
    readonly values: number;
    readonly left: number;
    readonly found: number;
    readonly repaired: number;
    readonly fetchedBytes: number;
  };
  /** Equivocations that a sealer heard both sides of, culprits proved on the chain, and the most blocks that took. */
  readonly evidence: EvidenceFigures;
  /** Most that one node held at a time. */
  readonly memory: { readonly poolTransactionsMax: number; readonly queueBytesMax: number };
  readonly sometimes: Readonly<Record<string, number>>;
  /** Of the rare states those that this run might have reached. */
  readonly possible: readonly string[];
  readonly liars: Readonly<Record<string, readonly ByzantineKind[]>>;
  /** Strikes by kind. */
  readonly faults: Readonly<Record<string, number>>;
  readonly traceHash: string;
  readonly virtualSeconds: number;
  readonly events: number;
  /** The command that does the same again. */
  readonly replay: string;
}

/** True when nothing is wrong with a run. */
export function isClean(report: Pick<FaultReport, 'violations' | 'liveAfterHeal'>): boolean {
  return report.violations === 0 && report.liveAfterHeal;
}
