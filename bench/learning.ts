/**
 * Training and prediction of the experiments' networks on one thread: samples a second, with made-up data, in the compiled
 * kernels. Prints the middle of five passes each, by processor time and by real time, what is done with weights after
 * training, and a federated round on one thread and on two.
 *
 *   node bench/learning.ts [--json] [--fast-math]
 */
import { ensureKernels } from '../src/cli/kernel-files.ts';
import { sha256 } from '../src/crypto/index.ts';
import { createEngine, type Engine, NETWORKS, Network, type NetworkName, seededUniform } from '../src/learning/index.ts';
import { measureRounds } from './learning/round.ts';

const PASSES = 5;
const PASS_SECONDS = 0.6;
const PREDICTION_BATCH = 50;
const CLIENTS = 10;

interface Rate {
  readonly perCpuSecond: number;
  readonly perSecond: number;
}

const kernels = await ensureKernels((text) => process.stderr.write(`${text}\n`));
const engine = createEngine({ kernels, fastMath: process.argv.includes('--fast-math') });
const results = {
  flavour: engine.flavour,
  mnistB10: measureNetwork(engine, 'mnist', 10),
  mnistB50: measureNetwork(engine, 'mnist', 50),
  cifarB10: measureNetwork(engine, 'cifar', 10),
  fashionB10: measureNetwork(engine, 'fashion', 10),
  cifarSmallB10: measureNetwork(engine, 'cifarSmall', 10),
  mlpB10: measureNetwork(engine, 'mlp', 10),
  weights: { mnist: measureWeights(engine, 'mnist'), cifar: measureWeights(engine, 'cifar') },
  ...(await measureRounds(kernels)),
};
if (process.argv.includes('--json')) console.log(JSON.stringify(results));
else print();

function print(): void {
  console.log(`kernels: ${results.flavour}`);
  for (const [name, value] of Object.entries(results)) {
    if (typeof value === 'string' || !('trainedSamplesPerSecond' in value)) continue;
    const { trained, predicted } = value;
    console.log(
      `${name.padEnd(14)} trained ${trained.perCpuSecond.toFixed(0).padStart(6)} samples per CPU second ` +
        `(${trained.perSecond.toFixed(0)} per second), predicted ${predicted.perCpuSecond.toFixed(0).padStart(6)} ` +
        `(${predicted.perSecond.toFixed(0)} per second)`,
    );
  }
  for (const [name, { meanOfTenMs, serialiseMs, hashMs }] of Object.entries(results.weights)) {
    console.log(
      `weights ${name.padEnd(6)} mean of ${CLIENTS} ${meanOfTenMs.toFixed(3)} ms, copied out and in ${serialiseMs.toFixed(3)} ms, ` +
        `SHA-256 ${hashMs.toFixed(3)} ms`,
    );
  }
  const { round, twoWorkers } = results;
  console.log(
    `round of 10 clients, 5 epochs of 600 samples, on two threads: ${round.seconds.toFixed(2)} s (${round.cpuSeconds.toFixed(2)} CPU seconds ` +
      `on ${round.cores} cores); two threads are ${twoWorkers.ratio.toFixed(2)} times one (${twoWorkers.ratioByCpu.toFixed(2)} by CPU seconds)`,
  );
}

function measureNetwork(on: Engine, name: NetworkName, batch: number) {
  const network = new Network(on, NETWORKS[name], { seed: 1 });
  const uniform = seededUniform(2);
  const count = 2 * Math.max(batch, PREDICTION_BATCH);
  const inputs = Float32Array.from({ length: count * network.inputSize }, uniform);
  const labels = Array.from({ length: count }, (_, at) => at % network.outputSize);
  const batches = [0, batch].map((from) => Array.from({ length: batch }, (_, at) => from + at));
  const predictions = Array.from({ length: PREDICTION_BATCH }, (_, at) => at);
  const optimiser = { type: 'sgd', learningRate: 0.01 } as const;
  let step = 0;
  const trained = rate(batch, () => network.train({ inputs, labels }, batches[step++ % 2] as number[], { optimiser }));
  const predicted = rate(PREDICTION_BATCH, () => network.predict(inputs, predictions));
  return { trainedSamplesPerSecond: trained.perSecond, predictedSamplesPerSecond: predicted.perSecond, trained, predicted };
}

function measureWeights(on: Engine, name: NetworkName) {
  const network = new Network(on, NETWORKS[name], { seed: 1 });
  const size = network.weightCount;
  const { kernels: operations, memory } = on.open();
  const stride = Math.ceil(size / 16) * 64;
  const base = stride;
  memory.grow(base + (CLIENTS + 1) * stride);
  for (let at = 0; at <= CLIENTS; at++) memory.floats.set(network.weights, (base + at * stride) >> 2);
  const perSecond = (work: () => unknown) => 1000 / rate(1, work).perCpuSecond;
  return {
    meanOfTenMs: perSecond(() => {
      memory.floats.fill(0, base >> 2, (base >> 2) + size);
      for (let at = 1; at <= CLIENTS; at++) operations.addScaled(base, base + at * stride, size, 1 / CLIENTS);
    }),
    serialiseMs: perSecond(() => network.setWeights(network.copyWeights())),
    hashMs: perSecond(() => sha256(new Uint8Array(network.copyWeights().buffer))),
  };
}

/** The middle pass of several, after one that is not counted: the compiler of the kernels has its time then. */
function rate(samples: number, work: () => unknown): Rate {
  const passes = Array.from({ length: PASSES + 1 }, () => {
    const [cpu, start] = [process.cpuUsage(), performance.now()];
    let done = 0;
    let seconds = 0;
    do {
      work();
      done += samples;
      seconds = (performance.now() - start) / 1000;
    } while (seconds < PASS_SECONDS);
    const { user, system } = process.cpuUsage(cpu);
    return { perCpuSecond: done / ((user + system) / 1e6), perSecond: done / seconds };
  }).slice(1);
  passes.sort((left, right) => left.perCpuSecond - right.perCpuSecond);
  return passes[Math.floor(PASSES / 2)] as Rate;
}
