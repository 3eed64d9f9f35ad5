import type { Percentiles } from '../percentiles.ts';
import type { Finding } from './referee.ts';

/** What a scenario of the oracle came to; `treadle sim --json` prints it. */
export interface PedalReport {
  readonly scenario: string;
  readonly seed: number;
  readonly traceHash: string;
  readonly virtualSeconds: number;
  readonly wallSeconds: number;
  readonly rounds: { readonly started: number; readonly completed: number; readonly expired: number };
  /** Part of the terms in which nobody came forward. */
  readonly electionFallbackRate: number;
  /** From sending a request to the block with its answer. */
  readonly latencyMs: Percentiles;
  /** What nodes sent one another. */
  readonly ioBytes: number;
  readonly outsideBytes: number;
  /** What the referee found that must never be. */
  readonly invalidAccepted: number;
  readonly invalid: readonly Finding[];
  readonly requests: {
    readonly asked: number;
    readonly answered: number;
    readonly failed: number;
    readonly expired: number;
    readonly pending: number;
    /** Of nobody honest; not in the other figures. */
    readonly strange: number;
    readonly failures: Readonly<Record<string, number>>;
    /** Asked, and never taken by the ledger, by why; not in the figures above but in `asked`. */
    readonly refused: Readonly<Record<string, number>>;
  };
  readonly refundedWei: string;
  readonly masters: {
    readonly replaced: number;
    readonly slashed: number;
    /** Replaced ones that were honest, up, and in reach of everybody. */
    readonly wronged: number;
  };
  readonly equivocationsProven: number;
  readonly callbacks: { readonly worked: number; readonly failed: number };
  readonly attacks: readonly {
    readonly kind: string;
    readonly nodes: readonly string[];
    readonly attempts: number;
    /** Forgeries that the contract or a member accepted: must be 0. */
    readonly taken: number;
    /** Signatures that members gave to calls of attackers whose turn it was, for what the members saw themselves. */
    readonly signed: number;
    readonly refusals: Readonly<Record<string, number>>;
  }[];
  readonly chain: { readonly height: number; readonly forks: number; readonly transactions: number };
  /** Why the run does not count as good. */
  readonly failures: readonly string[];
}

export function isGood({ failures }: PedalReport): boolean {
  return failures.length === 0;
}
