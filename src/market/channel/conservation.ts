import type { ChannelTotals } from '../ports/index.ts';

/** Whether every wei that went into the channels is accounted for. */
export interface ConservationReport extends ChannelTotals {
  /** Deposits less payments and refunds: what the contract must hold. */
  readonly lockedWei: bigint;
  /** What the contract holds beyond that; anything but zero is a defect. */
  readonly differenceWei: bigint;
  readonly conserved: boolean;
}

/** Checks deposits = paid + refunded + still locked, where the events give three of them and the contract's balance the fourth. */
export function conservation(totals: ChannelTotals): ConservationReport {
  const lockedWei = totals.depositedWei - totals.paidWei - totals.refundedWei;
  const differenceWei = totals.balanceWei - lockedWei;
  return { ...totals, lockedWei, differenceWei, conserved: differenceWei === 0n && lockedWei >= 0n };
}
