import type { RandomStream } from '../../../environment/index.ts';
import { hasCode, TreadleError } from '../../../errors.ts';
import type { Evaluation } from '../../engine/index.ts';
import '../errors.ts';
import type { Plugin, PluginSettings } from '../plugin.ts';

/** What somebody gave to a round. Its weights are loaded when a strategy asks for them, as often as it asks. */
export interface Contribution {
  /** Whose it is: one client, or those that were put into one bucket. */
  readonly clients: readonly string[];
  /** Samples that it was trained on, as the client says. */
  readonly samples: number;
  /** Loss that the client claims for it on the judge's samples; NaN when it claims none. */
  readonly claimedLoss: number;
  /** All weights of the network after local training, in one vector that nobody changes. */
  load(): Promise<Float32Array>;
}

/** What a strategy may use besides the contributions. */
export interface RoundContext {
  /** From 1. */
  readonly round: number;
  /** The global model that the clients began with. */
  readonly global: Float32Array;
  /** How weights do on the samples that the coordinator keeps for judging. */
  judge(weights: Float32Array): Promise<Evaluation>;
  /** The weights after the coordinator itself trained the global model on its own few samples. */
  trainRoot(): Promise<Float32Array>;
  /** Drawn from the seed of the training and the round. */
  readonly random: RandomStream;
}

/** The outcome of a round. */
export interface Aggregate {
  readonly weights: Float32Array;
  /** Whose contributions are in it, and with which share; shares add up to 1 unless nobody was accepted. */
  readonly accepted: readonly { readonly client: string; readonly share: number }[];
  readonly rejected: readonly { readonly client: string; readonly reason: string }[];
  /** Passes over the judge's samples that it took, those of all who check each other counted. */
  readonly evaluations: number;
}

/**
 * Makes one model of many. Contributions come sorted by client, so that everybody who aggregates the same adds the same numbers in the
 * same order.
 *
 * @throws TreadleError FEDERATED_TOO_FEW_CLIENTS
 */
export type Strategy = (contributions: readonly Contribution[], context: RoundContext) => Promise<Aggregate>;

/** Changes contributions before a strategy sees them. */
export type PreAggregator = (contributions: readonly Contribution[], context: RoundContext) => Promise<readonly Contribution[]>;

export interface StrategyPlugin extends Plugin {
  /** Weight vectors in memory at a time: a fixed number, or those of all clients. */
  readonly memory: 'fixed' | 'allClients';
  /** Clients are to say which loss their weights have on the judge's samples. */
  readonly wantsClaims?: boolean;
  /** Weight of the proximal term in the clients' training. */
  readonly proximal?: (settings: PluginSettings) => number;
  readonly make: (settings: PluginSettings) => Strategy;
}

export interface PreAggregatorPlugin extends Plugin {
  readonly make: (settings: PluginSettings) => PreAggregator;
}

/**
 * Pre-aggregators in their order, then the strategy. Sorts by client first.
 *
 * @throws TreadleError FEDERATED_TOO_FEW_CLIENTS
 */
export async function aggregate(
  contributions: readonly Contribution[],
  context: RoundContext,
  rule: { readonly before?: readonly PreAggregator[]; readonly strategy: Strategy },
): Promise<Aggregate> {
  let current: readonly Contribution[] = [...contributions].sort((left, right) => compareText(nameOf(left), nameOf(right)));
  for (const step of rule.before ?? []) current = await step(current, context);
  return await rule.strategy(current, context);
}

/** As {@link aggregate}; when there are too few updates for the rule, the model stays as it was, and each is rejected with that reason. */
export async function aggregateOrKeep(
  contributions: readonly Contribution[],
  context: RoundContext,
  rule: { readonly before?: readonly PreAggregator[]; readonly strategy: Strategy },
): Promise<Aggregate> {
  try {
    return await aggregate(contributions, context, rule);
  } catch (error) {
    if (!hasCode(error, 'FEDERATED_TOO_FEW_CLIENTS')) throw error;
    const rejected = contributions.flatMap(({ clients }) => clients.map((client) => ({ client, reason: error.detail })));
    return { weights: context.global.slice(), accepted: [], rejected, evaluations: 0 };
  }
}

/** Contributions as a strategy treats them: these with a share, those not at all. */
export interface Verdict {
  readonly weights: Float32Array;
  readonly accepted: readonly { readonly contribution: Contribution; readonly share: number }[];
  readonly rejected?: readonly { readonly contribution: Contribution; readonly reason: string }[];
  readonly evaluations?: number;
}

/** Names the clients behind contributions; those of a bucket share alike. */
export function toAggregate({ weights, accepted, rejected = [], evaluations = 0 }: Verdict): Aggregate {
  return {
    weights,
    accepted: accepted.flatMap(({ contribution: { clients }, share }) =>
      clients.map((client) => ({ client, share: share / clients.length })),
    ),
    rejected: rejected.flatMap(({ contribution: { clients }, reason }) => clients.map((client) => ({ client, reason }))),
    evaluations,
  };
}

/** @throws TreadleError FEDERATED_TOO_FEW_CLIENTS that names the needed number */
export function needClients(what: string, have: number, need: number): void {
  if (have >= need) return;
  throw new TreadleError('FEDERATED_TOO_FEW_CLIENTS', {
    detail: `${what} needs the updates of ${need} clients or more, there ${have === 1 ? 'is' : 'are'} ${have}`,
    data: { need, have },
  });
}

/** Byzantine clients that are allowed for when nobody says how many: fewer than a third, and no more than the rule can bear. */
export function usualFaulty(clients: number, faultyMax: number): number {
  return Math.max(0, Math.min(Math.floor((clients - 1) / 3), faultyMax));
}

export function nameOf(contribution: Contribution): string {
  return contribution.clients.join(' ');
}

/** Order of texts by their code units: the same on every machine, unlike that of a language. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
