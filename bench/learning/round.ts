import { availableParallelism } from 'node:os';
import { startLearningWorkers } from '../../src/cli/learning/learning-workers.ts';
import {
  checkPlan,
  createEngine,
  type Dataset,
  type KernelBytes,
  learn,
  NETWORKS,
  Network,
  prepareRunData,
  type RunData,
  type RunPlan,
  seededUniform,
} from '../../src/learning/index.ts';

const ROUNDS = 3;
const CLIENTS = 10;
const SAMPLES_EACH = 600;

interface Measured {
  /** Of one round, the middle of some. */
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** A round of 10 clients, 5 epochs of 600 samples each, batch 10, and 10,000 samples evaluated, with made-up data on one thread and on two. */
export async function measureRounds(kernels: KernelBytes) {
  const plan = planOf();
  const data = prepareRunData(madeUp(), plan);
  const one = await measure(kernels, plan, data, 1);
  const two = await measure(kernels, plan, data, 2);
  return {
    twoWorkers: {
      ratio: one.seconds / two.seconds,
      /** What it is when both threads have a core of their own. */
      ratioByCpu: (2 * one.cpuSeconds) / two.cpuSeconds,
    },
    round: { seconds: two.seconds, cpuSeconds: two.cpuSeconds, oneWorkerSeconds: one.seconds, cores: availableParallelism() },
  };
}

async function measure(kernels: KernelBytes, plan: RunPlan, data: RunData, workers: number): Promise<Measured> {
  const runner = startLearningWorkers({ kernels, fastMath: false, data, workers });
  const weights = new Network(createEngine({ kernels }), data.network, { seed: 1 }).copyWeights();
  const passes: Measured[] = [];
  let [cpu, start] = [process.cpuUsage(), performance.now()];
  for await (const _ of learn({ plan, data, runner }, { round: 0, weights })) {
    const { user, system } = process.cpuUsage(cpu);
    passes.push({ seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 });
    [cpu, start] = [process.cpuUsage(), performance.now()];
  }
  await runner.close();
  // The first round starts the threads and compiles the kernels.
  const [, ...rest] = passes;
  const middle = (pick: (each: Measured) => number) => rest.map(pick).sort((a, b) => a - b)[rest.length >> 1] as number;
  return { seconds: middle(({ seconds }) => seconds), cpuSeconds: middle(({ cpuSeconds }) => cpuSeconds) };
}

function planOf(): RunPlan {
  return checkPlan({
    ...{
      dataset: 'made up',
      network: 'mnist',
      clients: CLIENTS,
      active: CLIENTS,
      rounds: ROUNDS + 1,
      seed: '1',
      fastMath: false,
    },
    partition: { kind: 'iid', alpha: 1 },
    training: { epochs: 5, batchSize: 10, optimiser: { type: 'sgd', learningRate: 0.01 } },
    ...{ strategy: { name: 'fedavg', settings: {} }, before: [], maliciousShare: 0, judgeShare: 1e-3, rootSamples: 1 },
  });
}

function madeUp(): Dataset {
  const uniform = seededUniform(1);
  const set = (count: number) => ({
    count,
    values: Float32Array.from({ length: count * 784 }, uniform),
    labels: Uint8Array.from({ length: count }, (_, at) => at % 10),
  });
  const { channels, height, width } = NETWORKS.mnist.input;
  return {
    name: 'made up',
    sampleShape: [channels, height, width],
    classNames: Array.from({ length: 10 }, (_, at) => `${at}`),
    train: set(CLIENTS * SAMPLES_EACH),
    test: set(10_000),
  };
}
