import type { TrainingSpec } from '../../contracts/index.ts';
import type { NodeId } from '../../environment/index.ts';
import { hasCode, TreadleError } from '../../errors.ts';
import {
  createEngine,
  type Dataset,
  digestOfWeights,
  type Engine,
  type Evaluation,
  evaluateOn,
  findPlugin,
  firstWeights,
  JobWorker,
  type KernelBytes,
  Network,
  orderOf,
  type PartitionKind,
  PRE_AGGREGATORS,
  prepareRunData,
  type RunData,
  type RunPlan,
  readPluginChoice,
  STRATEGIES,
  type TaskRound,
  type TaskWork,
  trainLocally,
} from '../../learning/index.ts';
import type { TaskFacts } from './training-book.ts';

/** Data sets that a node can learn from or test on, by name. @throws TreadleError DATASET_* */
export type LoadDataset = (name: string) => Promise<Dataset>;

/** A division of a data set, and which part of it one has. */
export interface DataPart {
  readonly part: number;
  readonly of: number;
  readonly kind: PartitionKind;
  readonly alpha: number;
  readonly seed: string;
}

const WHOLE: DataPart = { part: 0, of: 1, kind: 'iid', alpha: 1, seed: '' };
const JUDGE_SHARE = 1 / 3;
const ROOT_SAMPLES = 100;
const MILLION = 1_000_000;

/** What a task is to those who work on it: everything follows from the ledger and the data set. */
export interface PreparedTask {
  readonly plan: RunPlan;
  readonly data: RunData;
  readonly engine: Engine;
  readonly work: TaskWork;
  /** One round of it; `previous`: digest of the model that it begins with. */
  round(round: number, previous: TaskRound['previous']['digest'], facts: TaskFacts, training: string): TaskRound;
}

/**
 * Prepares a task. The same plan for everybody: only the part of the data that a client trains on is its own.
 *
 * @throws TreadleError TRAINING_TASK_INVALID when nobody could work on it; DATASET_* when this node cannot
 */
export async function prepareTask(
  spec: TrainingSpec,
  { load, kernels, part = WHOLE }: { readonly load: LoadDataset; readonly kernels?: KernelBytes; readonly part?: DataPart },
): Promise<PreparedTask> {
  const dataset = await load(spec.dataset);
  try {
    const plan = planOf(spec, part);
    // The seed of the plan decides models and orders, that of the part the division alone.
    const data = prepareRunData(dataset, { ...plan, seed: part.seed === '' ? plan.seed : part.seed });
    const shared = part.seed === '' ? data : { ...prepareRunData(dataset, { ...plan, clients: 1 }), partition: data.partition };
    const engine = createEngine(kernels === undefined ? {} : { kernels });
    const first = firstWeights(engine, plan, shared);
    if (digestOfWeights(first) !== spec.first)
      throw invalid(`its first model is ${spec.first}, network and seed give ${digestOfWeights(first)}`);
    return prepared({ plan, data: shared, engine, first });
  } catch (error) {
    const known = ['FEDERATED_PLAN_INVALID', 'FEDERATED_PLUGIN_UNKNOWN', 'FEDERATED_PARAMETER_INVALID', 'PARTITION_IMPOSSIBLE'];
    if (known.some((code) => hasCode(error, code as 'FEDERATED_PLAN_INVALID'))) throw invalid((error as TreadleError).detail);
    throw error;
  }
}

/** The model that a task begins with, for whoever releases it. */
export async function firstModel(
  spec: Omit<TrainingSpec, 'first'>,
  { load, kernels }: { readonly load: LoadDataset; readonly kernels?: KernelBytes },
): Promise<Float32Array> {
  const dataset = await load(spec.dataset);
  const plan = planOf(spec, WHOLE);
  const engine = createEngine(kernels === undefined ? {} : { kernels });
  return firstWeights(engine, plan, prepareRunData(dataset, plan));
}

function prepared({
  plan,
  data,
  engine,
  first,
}: {
  readonly plan: RunPlan;
  readonly data: RunData;
  readonly engine: Engine;
  readonly first: Float32Array;
}): PreparedTask {
  const worker = new JobWorker(engine, data);
  const evaluate = (rows: 'judge' | 'measure', weights: Float32Array): Promise<Evaluation> =>
    evaluateOn(worker, { weights, rows }, data[rows].length);
  const order = orderOf(plan);
  return {
    ...{ plan, data, engine },
    work: {
      first,
      judge: (weights) => evaluate('judge', weights),
      measure: (weights) => evaluate('measure', weights),
      trainRoot: async (global, round) => {
        const network = new Network(engine, data.network, { seed: 0 });
        const root = { samples: data.test, rows: data.root };
        return trainLocally(network, global, root, { order, turn: { round, client: 'root' } }).weights;
      },
    },
    round: (round, previous, { task, clients }, training) => ({
      ...{ training, round, order, seed: plan.seed, quorum: task.spec.quorum },
      previous: { digest: previous, sizeBytes: first.byteLength },
      clients: clients.map(({ node, samples }) => ({ node: node as NodeId, samples })),
      strategy: findPlugin(plan.strategy.name, STRATEGIES).make(plan.strategy.settings),
      before: plan.before.map(({ name, settings }) => findPlugin(name, PRE_AGGREGATORS).make(settings)),
      wantsClaims: findPlugin(plan.strategy.name, STRATEGIES).wantsClaims === true,
    }),
  };
}

/** @throws TreadleError FEDERATED_PLUGIN_UNKNOWN | FEDERATED_PARAMETER_INVALID */
function planOf(spec: Omit<TrainingSpec, 'first'>, { of, kind, alpha }: DataPart): RunPlan {
  const words = spec.strategy.split(' ').filter((word) => word !== '');
  const strategy = readPluginChoice(words.at(-1) ?? '', STRATEGIES);
  return {
    ...{ dataset: spec.dataset, network: spec.network, rounds: spec.rounds, clients: of, active: of, strategy },
    before: words.slice(0, -1).map((word) => readPluginChoice(word, PRE_AGGREGATORS)),
    partition: { kind, alpha },
    training: {
      epochs: spec.epochs,
      batchSize: spec.batchSize,
      optimiser: { type: 'sgd', learningRate: spec.learningRatePpm / MILLION },
    },
    ...{ maliciousShare: 0, judgeShare: JUDGE_SHARE, rootSamples: ROOT_SAMPLES, seed: String(spec.seed), fastMath: false },
  };
}

function invalid(detail: string): TreadleError {
  return new TreadleError('TRAINING_TASK_INVALID', { detail });
}
