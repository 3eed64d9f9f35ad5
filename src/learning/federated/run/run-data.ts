import { TreadleError } from '../../../errors.ts';
import {
  BEARING_WINDOW_SAMPLES,
  type Dataset,
  measureScaling,
  type Partition,
  partitionByDirichlet,
  partitionByLabelSlices,
  partitionByMachine,
  partitionByQuantity,
  partitionEvenly,
  pick,
  type SampleSet,
  type Scaling,
  seededStream,
  shuffled,
  standardised,
  withBearingOrders,
} from '../../datasets/index.ts';
import { NETWORKS, type NetworkDescription, type Shape, type TrainingSamples } from '../../engine/index.ts';
import '../errors.ts';
import type { RunPlan } from './run-plan.ts';

/** The data of a run, scaled and divided: the same for all who prepare the same plan and data set. */
export interface RunData {
  readonly network: NetworkDescription;
  readonly classes: number;
  readonly train: TrainingSamples;
  readonly test: TrainingSamples;
  readonly partition: Partition;
  /** Rows of `test`: those that judge, those that measure, and those of the judge that the coordinator trains on. */
  readonly judge: Uint32Array;
  readonly measure: Uint32Array;
  readonly root: Uint32Array;
  /** By what samples were scaled, and what the classes are called: a model that is exported says so. */
  readonly scaling: Scaling;
  readonly classNames: readonly string[];
}

const HIDDEN_UNITS = 64;

/** @throws TreadleError FEDERATED_PLAN_INVALID | PARTITION_IMPOSSIBLE */
export function prepareRunData(measured: Dataset, plan: RunPlan): RunData {
  const dataset = asNetworkTakes(plan.network, measured);
  const chosen = {
    ...dataset,
    train: limited(dataset.train, plan.trainSamplesMax, plan.seed),
    test: limited(dataset.test, plan.testSamplesMax, plan.seed),
  };
  const scaling = measureScaling(chosen);
  const all = standardised(chosen, scaling);
  const { train, test } = all;
  const order = shuffled(test.count, seededStream('judge', plan.seed));
  const judging = Math.floor(test.count * plan.judgeShare);
  if (judging < 1)
    throw new TreadleError('FEDERATED_PLAN_INVALID', { detail: `${test.count} test samples leave none to judge by` });
  const judge = order.slice(0, judging);
  return {
    network: networkFor(plan.network, dataset),
    classes: dataset.classNames.length,
    train: { inputs: train.values, labels: train.labels },
    test: { inputs: test.values, labels: test.labels },
    partition: divide(all, plan),
    judge: judge.slice().sort(),
    measure: order.slice(judging).sort(),
    root: judge.slice(0, plan.rootSamples).sort(),
    scaling,
    classNames: dataset.classNames,
  };
}

/** The same data with their samples in memory that threads can share; nobody may change them. */
export function shareSamples(data: RunData): RunData {
  const shared = ({ inputs, labels = [] }: TrainingSamples): TrainingSamples => {
    const own = new Float32Array(new SharedArrayBuffer(inputs.byteLength));
    own.set(inputs);
    const marks = new Uint8Array(new SharedArrayBuffer(labels.length));
    marks.set(labels);
    return { inputs: own, labels: marks };
  };
  return { ...data, train: shared(data.train), test: shared(data.test) };
}

function limited(samples: SampleSet, max: number | undefined, seed: string): SampleSet {
  if (max === undefined || max >= samples.count) return samples;
  return pick(samples, shuffled(samples.count, seededStream('fewer samples', seed)).slice(0, max).sort());
}

function divide({ train }: Dataset, { partition: { kind, alpha }, clients, seed }: RunPlan): Partition {
  const random = seededStream('partition', seed);
  switch (kind) {
    case 'iid':
      return partitionEvenly(train.count, clients, random);
    case 'slices':
      return partitionByLabelSlices(train.labels, { clients, slices: 2 * clients, random });
    case 'dirichlet':
      return partitionByDirichlet(train.labels, { clients, alpha, random });
    case 'quantity':
      return partitionByQuantity(train.count, { clients, alpha, random });
    case 'machine':
      if (train.machines === undefined) {
        throw new TreadleError('PARTITION_IMPOSSIBLE', { detail: 'the data do not say which machine a sample comes from' });
      }
      return partitionByMachine(train.machines, clients, random);
  }
}

/** The network of this name; `mlp` with one hidden layer for data that no image network takes. @throws TreadleError FEDERATED_PLAN_INVALID */
export function networkFor(name: string, dataset: Pick<Dataset, 'name' | 'sampleShape' | 'classNames'>): NetworkDescription {
  const [channels = 1, height = 1, width = 1] =
    dataset.sampleShape.length === 2 ? [dataset.sampleShape[0], 1, dataset.sampleShape[1]] : dataset.sampleShape;
  const input: Shape = { channels, height, width };
  const units = dataset.classNames.length;
  const known: Readonly<Record<string, NetworkDescription>> = NETWORKS;
  const found = known[name];
  if (found === undefined) {
    throw new TreadleError('FEDERATED_PLAN_INVALID', {
      detail: `There is no network "${name}"; known: ${Object.keys(NETWORKS).join(', ')}`,
    });
  }
  const fits = found.input.channels === channels && found.input.height === height && found.input.width === width;
  const last = found.layers.at(-1);
  if (fits && last?.type === 'dense' && last.units === units) return found;
  if (name === 'mlp') {
    return {
      name: 'mlp',
      input,
      layers: [{ type: 'flatten' }, { type: 'dense', units: HIDDEN_UNITS }, { type: 'relu' }, { type: 'dense', units }],
    };
  }
  throw new TreadleError('FEDERATED_PLAN_INVALID', {
    detail:
      `The network ${name} takes ${shapeText(found.input)} and ${dataset.name} has ${shapeText(input)} in ${units} classes; ` +
      `mlp fits any data`,
  });
}

/** Samples as a network of the catalogue takes them: `bearing` takes windows of vibration as orders. */
export function asNetworkTakes(network: string, dataset: Dataset): Dataset {
  const windows = dataset.sampleShape.length === 2 && dataset.sampleShape[1] === BEARING_WINDOW_SAMPLES;
  return network === 'bearing' && windows ? withBearingOrders(dataset) : dataset;
}

/** The network that a data set is learnt with when nobody names one. */
export function usualNetwork(dataset: string): string {
  if (dataset === 'mnist' || dataset === 'kmnist') return 'mnist';
  if (dataset === 'fashion-mnist') return 'fashion';
  if (dataset === 'bearing') return 'bearing';
  return dataset === 'cifar10' ? 'cifarSmall' : 'mlp';
}

function shapeText({ channels, height, width }: Shape): string {
  return `${channels} x ${height} x ${width}`;
}
