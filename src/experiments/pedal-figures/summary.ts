import { invariant } from '../../errors.ts';
import type { CellResult, Contender, FigureCell } from './cell.ts';

/** A mean with half the width of its 95 % confidence interval; undefined for fewer than two values. */
export interface Estimate {
  readonly mean: number;
  readonly halfWidth: number | undefined;
}

/** What all seeds together say of one contender in one cell. */
export interface CellSummary {
  readonly contender: Contender;
  readonly cell: FigureCell;
  readonly seeds: number;
  /** Of the seeds. */
  readonly finished: number;
  /** Over the seeds that finished; undefined when none did. */
  readonly seconds: Estimate | undefined;
  /** Over all seeds; of one that did not finish, up to the end of its time. */
  readonly megabytes: Estimate;
  readonly outsideMegabytes: number;
  /** Bytes of messages that belong to the ledger (blocks, votes, transactions), as far as kinds were counted. */
  readonly ledgerMegabytes: number;
  readonly p50Seconds: number | undefined;
  readonly p95Seconds: number | undefined;
  readonly viewChanges: number;
}

/** Student's t for a two-sided 95 % interval, by degrees of freedom from 1 on; beyond the table the normal distribution's. */
const T_95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262] as const;
const T_95_LARGE = 1.96;

/** @param values - at least one */
export function estimate(values: readonly number[]): Estimate {
  invariant(values.length > 0, 'there is something to estimate from');
  const mean = meanOf(values);
  if (values.length === 1) return { mean, halfWidth: undefined };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, halfWidth: (T_95[values.length - 2] ?? T_95_LARGE) * Math.sqrt(variance / values.length) };
}

/** The cells in the order of nodes, size and transactions, in each the contenders in the order of their first result. */
export function summarise(results: readonly CellResult[]): readonly CellSummary[] {
  const groups = Map.groupBy(
    results,
    ({ contender, cell }) => `${contender}/${cell.nodes}/${cell.sizeBytes}/${cell.transactions}`,
  );
  return [...groups.values()].map(summaryOf).toSorted((left, right) => byCell(left.cell, right.cell));
}

function summaryOf(results: readonly CellResult[]): CellSummary {
  const [first] = results;
  invariant(first !== undefined, 'a group has a result');
  const outcomes = results.map(({ outcome }) => outcome);
  const finished = outcomes.filter((outcome) => outcome.makespanMs !== undefined);
  const seconds = (pick: (outcome: (typeof outcomes)[number]) => number): number | undefined =>
    finished.length === 0 ? undefined : meanOf(finished.map(pick)) / 1000;
  return {
    contender: first.contender,
    cell: first.cell,
    seeds: results.length,
    finished: finished.length,
    seconds: finished.length === 0 ? undefined : estimate(finished.map(({ makespanMs }) => (makespanMs ?? 0) / 1000)),
    megabytes: estimate(outcomes.map(({ ioBytes }) => ioBytes / 1e6)),
    outsideMegabytes: meanOf(outcomes.map(({ outsideBytes }) => outsideBytes / 1e6)),
    ledgerMegabytes: meanOf(outcomes.map(({ bytesOfKinds }) => ledgerBytes(bytesOfKinds) / 1e6)),
    p50Seconds: seconds(({ latencyMs }) => latencyMs.p50),
    p95Seconds: seconds(({ latencyMs }) => latencyMs.p95),
    viewChanges: meanOf(outcomes.map(({ viewChanges }) => viewChanges)),
  };
}

function ledgerBytes(kinds: Readonly<Record<string, number>>): number {
  return Object.entries(kinds).reduce((sum, [kind, bytes]) => (kind.startsWith('oracle') ? sum : sum + bytes), 0);
}

function byCell(left: FigureCell, right: FigureCell): number {
  return left.nodes - right.nodes || left.sizeBytes - right.sizeBytes || left.transactions - right.transactions;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
