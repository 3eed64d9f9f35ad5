import type { Micros } from '../../environment/index.ts';

/** The ways of paying that are compared. */
export const WAYS = ['channels', 'transfers', 'channelPerTask'] as const;
export type Way = (typeof WAYS)[number];

/** What a number of tasks came to, paid in one way. */
export interface Reading {
  readonly tasks: number;
  /** Gas of the paying transactions; matching is the same in every way and is not in it. */
  readonly gas: number;
  /** Virtual time of the paying alone. */
  readonly paymentMicros: Micros;
  /** Virtual time of everything: matching, work and paying. */
  readonly wholeMicros: Micros;
}

/** One run of a way: a reading after each task. */
export interface WayRun {
  readonly way: Way;
  readonly seed: number;
  readonly readings: readonly Reading[];
  /** Whether every wei that went in came out. */
  readonly conserved: boolean;
  readonly traceHash: string;
}

/** What one task came to. */
export type TaskCost = Omit<Reading, 'tasks'>;

/** The running totals of tasks that cost nothing together, only each by itself. */
export function runningTotals(costs: readonly TaskCost[]): readonly Reading[] {
  let total: Reading = { tasks: 0, gas: 0, paymentMicros: 0, wholeMicros: 0 };
  return costs.map((cost) => {
    total = {
      tasks: total.tasks + 1,
      gas: total.gas + cost.gas,
      paymentMicros: total.paymentMicros + cost.paymentMicros,
      wholeMicros: total.wholeMicros + cost.wholeMicros,
    };
    return total;
  });
}
