import { type Dataset, digestOfBytes, networkFor, type RunPlan, type WeightsDigest } from '../../learning/index.ts';

/** What is kept of one training. */
export interface CellResult {
  readonly plan: RunPlan;
  readonly samples: { readonly train: number; readonly test: number };
  /** Of the last model: the same plan and data give the same. */
  readonly digest: WeightsDigest;
  /** One entry a round. */
  readonly rounds: readonly CellRound[];
}

export interface CellRound {
  /** On test samples that judged nobody; null when the model says nothing (NaN). */
  readonly accuracy: number;
  readonly loss: number | null;
  readonly accepted: number;
  readonly rejected: number;
  /** Liars among those that were asked, and among those whose weights were taken. */
  readonly liarsAsked: number;
  readonly liarsAccepted: number;
  /** Passes over the judge's samples. */
  readonly evaluations: number;
}

/** Keeps results of trainings by their key, e.g. in a folder. */
export interface CellStore {
  read(key: string): Promise<CellResult | undefined>;
  write(key: string, result: CellResult): Promise<void>;
}

/** The name under which the result of a plan on these data is kept: another plan, network or number of samples has another. */
export function cellKey(plan: RunPlan, dataset: Dataset): string {
  const text = JSON.stringify([plan, networkFor(plan.network, dataset), dataset.train.count, dataset.test.count]);
  return digestOfBytes(new TextEncoder().encode(text)).slice(2, 34);
}

/** Accuracy after the last round. */
export function finalAccuracy({ rounds }: CellResult): number {
  return rounds.at(-1)?.accuracy ?? 0;
}

/** Rounds of {@link lateAccuracy}. */
export const LATE_ROUNDS = 5;

/** Mean accuracy of the last rounds: with few kinds of samples a client, single rounds differ much. */
export function lateAccuracy({ rounds }: CellResult): number {
  const late = rounds.slice(-LATE_ROUNDS);
  return late.reduce((sum, { accuracy }) => sum + accuracy, 0) / late.length;
}
