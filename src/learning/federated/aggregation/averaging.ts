import type { Contribution, Strategy } from './strategy.ts';
import { needClients, toAggregate } from './strategy.ts';
import { addScaled } from './vector.ts';

export interface Weighted {
  readonly contribution: Contribution;
  /** Not negative; shares add up to 1. */
  readonly share: number;
}

/** Shares by number of samples; equal ones when nobody says that it has any. */
export function sharesBySamples(contributions: readonly Contribution[]): Weighted[] {
  const total = contributions.reduce((sum, { samples }) => sum + samples, 0);
  return contributions.map((contribution) => ({
    contribution,
    share: total > 0 ? contribution.samples / total : 1 / contributions.length,
  }));
}

export function equalShares(contributions: readonly Contribution[]): Weighted[] {
  return contributions.map((contribution) => ({ contribution, share: 1 / contributions.length }));
}

/** The weighted mean. One contribution is in memory at a time, whatever their number. */
export async function mean(parts: readonly Weighted[], length: number): Promise<Float32Array> {
  const total = new Float64Array(length);
  for (const { contribution, share } of parts) addScaled(total, await contribution.load(), share);
  return Float32Array.from(total);
}

/**
 * Federated averaging: the mean of all, weighted by samples (McMahan et al. 2017, algorithm 1). One liar is enough to spoil it.
 * FedProx aggregates the same way (Li et al. 2020, algorithm 2); what differs is the clients' training.
 */
export function fedAvg(): Strategy {
  return async (contributions, { global }) => {
    needClients('Averaging', contributions.length, 1);
    const accepted = sharesBySamples(contributions);
    return toAggregate({ weights: await mean(accepted, global.length), accepted });
  };
}
