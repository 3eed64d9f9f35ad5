import { TreadleError } from '../../../errors.ts';
import { FEDERATED_CLIENTS_MAX, FEDERATED_ROUNDS_MAX } from '../../../limits.ts';
import { PRE_AGGREGATORS, STRATEGIES } from '../aggregation/catalogue.ts';
import { ATTACKS } from '../attacks/catalogue.ts';
import '../errors.ts';
import { checkSettings, findPlugin, type PluginChoice } from '../plugin.ts';
import type { TrainingOrder } from '../training/training-order.ts';

export type PartitionKind = 'iid' | 'slices' | 'dirichlet' | 'quantity' | 'machine';
export const PARTITION_KINDS: readonly PartitionKind[] = ['iid', 'slices', 'dirichlet', 'quantity', 'machine'];

/** A federated training in one process: everything that decides its outcome, bit by bit. */
export interface RunPlan {
  readonly dataset: string;
  /** Name in the catalogue of networks; `mlp` fits any data. */
  readonly network: string;
  readonly clients: number;
  /** Clients that are asked in each round, drawn from the seed. */
  readonly active: number;
  readonly rounds: number;
  readonly partition: { readonly kind: PartitionKind; readonly alpha: number };
  readonly training: Omit<TrainingOrder, 'seed'>;
  readonly strategy: PluginChoice;
  /** Pre-aggregators in their order. */
  readonly before: readonly PluginChoice[];
  readonly attack?: PluginChoice;
  /** Share of the clients that attack; which ones is drawn from the seed. */
  readonly maliciousShare: number;
  /** Share of the test samples by which strategies judge; the others measure the outcome. */
  readonly judgeShare: number;
  /** Samples that the coordinator trains on itself, where a strategy wants it; taken from the judge's. */
  readonly rootSamples: number;
  /** Use only so many samples, drawn from the seed; all when absent. */
  readonly trainSamplesMax?: number;
  readonly testSamplesMax?: number;
  readonly seed: string;
  /** Faster, and nobody else can repeat it bit by bit. */
  readonly fastMath: boolean;
}

/**
 * @returns the plan with the parameters of its plug-ins filled in
 * @throws TreadleError FEDERATED_PLAN_INVALID | FEDERATED_PLUGIN_UNKNOWN | FEDERATED_PARAMETER_INVALID
 */
export function checkPlan(plan: RunPlan): RunPlan {
  const { epochs, batchSize } = plan.training;
  wholeFrom1('clients', plan.clients, FEDERATED_CLIENTS_MAX);
  wholeFrom1('active', plan.active, plan.clients);
  wholeFrom1('rounds', plan.rounds, FEDERATED_ROUNDS_MAX);
  wholeFrom1('epochs', epochs, 10_000);
  wholeFrom1('batchSize', batchSize, 65_536);
  wholeFrom1('rootSamples', plan.rootSamples, 1_000_000);
  if (!(plan.maliciousShare >= 0 && plan.maliciousShare <= 1))
    throw invalid(`maliciousShare is ${plan.maliciousShare}, not from 0 to 1`);
  if (plan.maliciousShare > 0 && plan.attack === undefined) throw invalid('There are malicious clients and no attack');
  if (!(plan.judgeShare > 0 && plan.judgeShare < 1)) throw invalid(`judgeShare is ${plan.judgeShare}, not between 0 and 1`);
  if (!(plan.training.optimiser.learningRate > 0)) throw invalid('The learning rate is not above 0');
  const strategy = findPlugin(plan.strategy.name, STRATEGIES);
  const mixing = plan.before.find(({ name }) => name !== 'clipping');
  if (strategy.wantsClaims === true && mixing !== undefined) {
    throw invalid(`${strategy.name} checks what clients claim of their weights; ${mixing.name} mixes them`);
  }
  const filled = ({ name, settings }: PluginChoice, plugins: Parameters<typeof findPlugin>[1]): PluginChoice => ({
    name,
    settings: checkSettings(findPlugin(name, plugins), settings),
  });
  return {
    ...plan,
    strategy: filled(plan.strategy, STRATEGIES),
    before: plan.before.map((choice) => filled(choice, PRE_AGGREGATORS)),
    ...(plan.attack && { attack: filled(plan.attack, ATTACKS) }),
  };
}

/** How the clients of a plan train. */
export function orderOf(plan: RunPlan): TrainingOrder {
  const { proximal } = findPlugin(plan.strategy.name, STRATEGIES);
  const { optimiser } = plan.training;
  return {
    ...plan.training,
    optimiser: proximal === undefined ? optimiser : { ...optimiser, proximal: proximal(plan.strategy.settings) },
    seed: plan.seed,
  };
}

/** The name of a client: names sort as numbers do. */
export function clientName(number: number): string {
  return `client-${String(number).padStart(5, '0')}`;
}

export function clientNumber(name: string): number {
  return Number(name.slice('client-'.length));
}

function wholeFrom1(name: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 1 || value > max)
    throw invalid(`${name} is ${value}, expected a whole number from 1 to ${max}`);
}

function invalid(detail: string): TreadleError {
  return new TreadleError('FEDERATED_PLAN_INVALID', { detail });
}
