import { TreadleError } from '../../errors.ts';
import { EVALUATION_BATCH_SAMPLES } from '../../limits.ts';
import type { Engine } from './engine.ts';
import { FIRST_ADDRESS, type KernelInstance } from './kernels.ts';
import { buildLayers } from './layers/build-layers.ts';
import { type Layer, type LayerRun, NUMBER_BYTES } from './layers/layer.ts';
import { type NetworkDescription, sizeOf } from './network-description.ts';
import type { LossDescription, OptimiserDescription } from './optimiser.ts';
import { seededUniform } from './seeded-uniform.ts';

/** TrainingSamples one after the other, each channel, row, column, with what is to be learnt of each. */
export interface TrainingSamples {
  readonly inputs: Float32Array;
  /** The class of each, for cross-entropy. */
  readonly labels?: ArrayLike<number>;
  /** The outputs wanted of each, for the other losses. */
  readonly targets?: Float32Array;
}

export interface TrainOptions {
  readonly optimiser: OptimiserDescription;
  /** Cross-entropy when absent. */
  readonly loss?: LossDescription;
}

export interface Evaluation {
  /** Share of samples whose class was found. */
  readonly accuracy: number;
  /** Mean cross-entropy. */
  readonly loss: number;
}

/** Where everything of one batch size lies. */
interface Plan {
  readonly batch: number;
  /** Activations: the input's, then each layer's output. */
  readonly values: readonly number[];
  readonly slopes: readonly number[];
  readonly kept: readonly number[];
  readonly labels: number;
  readonly targets: number;
  readonly room: number;
}

/** Bytes by which the parts of the arena are kept apart: a cache line. */
const ALIGNMENT_BYTES = 64;

/**
 * A network in the memory of a kernel instance of its own: the weights in one vector (what is trained, then what batch norm
 * observes), their gradients in another, and an arena for the batch at hand. Nothing has to be disposed of.
 */
export class Network {
  readonly description: NetworkDescription;
  readonly layers: readonly Layer[];
  /** Numbers that are trained. */
  readonly parameterCount: number;
  /** Numbers in all: trained and observed. */
  readonly weightCount: number;
  /** Numbers in one sample, and in what comes out for it. */
  readonly inputSize: number;
  readonly outputSize: number;
  readonly #instance: KernelInstance;
  readonly #weights: number;
  readonly #gradients: number;
  #top: number;
  #plan: Plan | undefined;
  #velocity = 0;
  #secondMoment = 0;
  #anchor = 0;
  /** beta1^t and beta2^t of Adam. */
  #decay1 = 1;
  #decay2 = 1;

  /** @throws TreadleError LEARNING_NETWORK_INVALID when the layers do not fit together */
  constructor(engine: Engine, description: NetworkDescription, options: { readonly seed: number }) {
    this.description = description;
    this.layers = buildLayers(description);
    this.parameterCount = sum(this.layers.map((layer) => layer.parameterCount));
    this.weightCount = this.parameterCount + sum(this.layers.map((layer) => layer.statisticCount));
    this.inputSize = sizeOf(description.input);
    this.outputSize = (this.layers.at(-1) as Layer).output.channels;
    this.#instance = engine.open();
    this.#top = FIRST_ADDRESS;
    this.#weights = this.#reserve(this.weightCount);
    this.#gradients = this.#reserve(this.parameterCount);
    this.initialise(options.seed);
  }

  /** Draws the weights anew: one seed, one set of weights, on every machine. */
  initialise(seed: number): void {
    const uniform = seededUniform(seed);
    const weights = this.weights;
    let [parameter, statistic] = [0, this.parameterCount];
    for (const layer of this.layers) {
      const parameters = weights.subarray(parameter, parameter + layer.parameterCount);
      layer.initialise(parameters, weights.subarray(statistic, statistic + layer.statisticCount), uniform);
      parameter += layer.parameterCount;
      statistic += layer.statisticCount;
    }
    this.resetOptimiser();
  }

  /** The weights where they are: a view that is valid until the network is used again. */
  get weights(): Float32Array {
    return this.#view(this.#weights, this.weightCount);
  }

  /** The gradients of the last batch, as {@link weights}; those of what is trained only. */
  get gradients(): Float32Array {
    return this.#view(this.#gradients, this.parameterCount);
  }

  copyWeights(): Float32Array {
    return this.weights.slice();
  }

  /** @throws TreadleError LEARNING_BATCH_INVALID when there are more or fewer than {@link weightCount} */
  setWeights(weights: Float32Array): void {
    if (weights.length !== this.weightCount) {
      invalid(`${this.description.name} has ${this.weightCount} weights, ${weights.length} were given`);
    }
    this.weights.set(weights);
  }

  /** Keeps the weights of now as the anchor of the proximal term. */
  setAnchor(): void {
    if (this.#anchor === 0) this.#anchor = this.#reserve(this.parameterCount);
    this.#view(this.#anchor, this.parameterCount).set(this.weights.subarray(0, this.parameterCount));
  }

  /** Forgets momentum and moments, as before the first step. */
  resetOptimiser(): void {
    if (this.#velocity !== 0) this.#view(this.#velocity, this.parameterCount).fill(0);
    if (this.#secondMoment !== 0) this.#view(this.#secondMoment, this.parameterCount).fill(0);
    [this.#decay1, this.#decay2] = [1, 1];
  }

  /**
   * One step on the samples with these numbers.
   *
   * @returns the mean loss of the batch before the step
   * @throws TreadleError LEARNING_BATCH_INVALID when the samples have not what network and loss need
   */
  train(samples: TrainingSamples, rows: ArrayLike<number>, { optimiser, loss = { type: 'crossEntropy' } }: TrainOptions): number {
    const value = this.computeGradients(samples, rows, loss);
    this.#step(optimiser);
    return value;
  }

  /** The loss of a batch, and its {@link gradients}, without a step. */
  computeGradients(samples: TrainingSamples, rows: ArrayLike<number>, loss: LossDescription = { type: 'crossEntropy' }): number {
    const plan = this.#load(samples.inputs, rows);
    this.#forward(plan, true);
    const value = this.#loss(plan, samples, rows, loss, true);
    let gradients = this.parameterCount;
    for (let at = this.layers.length - 1; at >= 0; at--) {
      const layer = this.layers[at] as Layer;
      gradients -= layer.parameterCount;
      layer.backward(this.#run(plan, at, gradients, 0, true));
    }
    return value;
  }

  /** What comes out for these samples, one after the other. */
  predict(inputs: Float32Array, rows: ArrayLike<number>): Float32Array {
    const plan = this.#load(inputs, rows);
    this.#forward(plan, false);
    const scores = this.#view(plan.values.at(-1) as number, plan.batch * this.outputSize);
    const result = new Float32Array(scores.length);
    for (let n = 0; n < plan.batch; n++) {
      for (let u = 0; u < this.outputSize; u++) {
        result[n * this.outputSize + u] = scores[u * plan.batch + n] as number;
      }
    }
    return result;
  }

  /** Accuracy and mean loss over labelled samples; all when `rows` is absent. */
  evaluate(samples: TrainingSamples, rows?: ArrayLike<number>): Evaluation {
    const all = rows ?? Array.from({ length: samples.inputs.length / this.inputSize }, (_, at) => at);
    if (all.length === 0) invalid('There is no sample to evaluate');
    let [right, loss] = [0, 0];
    for (let from = 0; from < all.length; from += EVALUATION_BATCH_SAMPLES) {
      const part = Array.prototype.slice.call(all, from, from + EVALUATION_BATCH_SAMPLES) as number[];
      const scores = this.predict(samples.inputs, part);
      const plan = this.#planFor(part.length);
      loss += this.#loss(plan, samples, part, { type: 'crossEntropy' }, false) * part.length;
      for (const [n, row] of part.entries()) {
        const own = scores.subarray(n * this.outputSize, (n + 1) * this.outputSize);
        if (indexOfLargest(own) === samples.labels?.[row]) right++;
      }
    }
    return { accuracy: right / all.length, loss: loss / all.length };
  }

  #forward(plan: Plan, training: boolean): void {
    let [parameter, statistic] = [0, 0];
    for (const [at, layer] of this.layers.entries()) {
      layer.forward(this.#run(plan, at, parameter, statistic, training));
      parameter += layer.parameterCount;
      statistic += layer.statisticCount;
    }
  }

  #run(plan: Plan, at: number, parameter: number, statistic: number, training: boolean): LayerRun {
    return {
      ...this.#instance,
      batch: plan.batch,
      training,
      input: plan.values[at] as number,
      output: plan.values[at + 1] as number,
      inputGradient: at === 0 ? 0 : (plan.slopes[at] as number),
      outputGradient: plan.slopes[at + 1] as number,
      parameters: this.#weights + parameter * NUMBER_BYTES,
      gradients: this.#gradients + parameter * NUMBER_BYTES,
      statistics: this.#weights + (this.parameterCount + statistic) * NUMBER_BYTES,
      kept: plan.kept[at] as number,
      room: plan.room,
    };
  }

  #loss(plan: Plan, samples: TrainingSamples, rows: ArrayLike<number>, loss: LossDescription, withGradient: boolean): number {
    const { kernels, memory } = this.#instance;
    const outputs = plan.values.at(-1) as number;
    const slopes = withGradient ? (plan.slopes.at(-1) as number) : 0;
    if (loss.type === 'crossEntropy') {
      const { labels } = samples;
      if (labels === undefined) invalid('Cross-entropy needs labels');
      for (let n = 0; n < plan.batch; n++) {
        const label = labels[rows[n] as number];
        if (label === undefined || !Number.isInteger(label) || label < 0 || label >= this.outputSize) {
          invalid(`Sample ${rows[n]} has the label ${label}, the network knows ${this.outputSize} classes from 0`);
        }
        memory.integers[(plan.labels >> 2) + n] = label;
      }
      return kernels.softmaxCrossEntropy(outputs, plan.labels, slopes, this.outputSize, plan.batch, plan.room);
    }
    const { targets } = samples;
    if (targets === undefined) invalid(`The loss ${loss.type} needs targets`);
    const count = plan.batch * this.outputSize;
    const wanted = this.#view(plan.targets, count);
    for (let n = 0; n < plan.batch; n++) {
      for (let u = 0; u < this.outputSize; u++) {
        const target = targets[(rows[n] as number) * this.outputSize + u];
        if (target === undefined) invalid(`There is no target for sample ${rows[n]}`);
        wanted[u * plan.batch + n] = target;
      }
    }
    if (loss.type === 'huber') return kernels.huberLoss(outputs, plan.targets, slopes, count, loss.delta);
    return kernels.meanSquaredError(outputs, plan.targets, slopes, count);
  }

  #step(optimiser: OptimiserDescription): void {
    const { kernels } = this.#instance;
    const [weights, gradients, count] = [this.#weights, this.#gradients, this.parameterCount];
    const { learningRate, weightDecay = 0, proximal = 0 } = optimiser;
    if (weightDecay !== 0) kernels.pull(weights, 0, gradients, count, weightDecay);
    if (proximal !== 0) {
      if (this.#anchor === 0) this.setAnchor();
      kernels.pull(weights, this.#anchor, gradients, count, proximal);
    }
    if (optimiser.type === 'sgd') {
      const { momentum = 0 } = optimiser;
      if (momentum !== 0 && this.#velocity === 0) this.#velocity = this.#reserve(count);
      kernels.stepSgd(weights, gradients, momentum === 0 ? 0 : this.#velocity, count, learningRate, momentum);
      return;
    }
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = optimiser;
    if (this.#velocity === 0) this.#velocity = this.#reserve(count);
    if (this.#secondMoment === 0) this.#secondMoment = this.#reserve(count);
    this.#decay1 *= beta1;
    this.#decay2 *= beta2;
    const correction = Math.sqrt(1 - this.#decay2);
    const rate = (learningRate * correction) / (1 - this.#decay1);
    const [first, second] = [this.#velocity, this.#secondMoment];
    kernels.stepAdam(weights, gradients, first, second, count, rate, beta1, beta2, epsilon * correction);
  }

  #load(inputs: Float32Array, rows: ArrayLike<number>): Plan {
    if (rows.length === 0) invalid('The batch is empty');
    const plan = this.#planFor(rows.length);
    const { channels } = this.description.input;
    const area = this.inputSize / channels;
    const to = this.#view(plan.values[0] as number, plan.batch * this.inputSize);
    for (let n = 0; n < plan.batch; n++) {
      const from = (rows[n] as number) * this.inputSize;
      if (!(from >= 0 && from + this.inputSize <= inputs.length)) {
        invalid(`There is no sample ${rows[n]}: ${inputs.length} numbers make ${inputs.length / this.inputSize} samples`);
      }
      for (let c = 0; c < channels; c++) {
        to.set(inputs.subarray(from + c * area, from + (c + 1) * area), (c * plan.batch + n) * area);
      }
    }
    return plan;
  }

  #planFor(batch: number): Plan {
    if (this.#plan?.batch === batch) return this.#plan;
    let top = this.#top;
    const take = (bytes: number) => {
      const address = top;
      top = aligned(top + bytes);
      return address;
    };
    const sizes = [this.inputSize, ...this.layers.map(({ output }) => sizeOf(output))];
    this.#plan = {
      batch,
      values: sizes.map((size) => take(batch * size * NUMBER_BYTES)),
      slopes: sizes.map((size, at) => (at === 0 ? 0 : take(batch * size * NUMBER_BYTES))),
      kept: this.layers.map((layer) => take(layer.keptBytes(batch))),
      labels: take(batch * NUMBER_BYTES),
      targets: take(batch * this.outputSize * NUMBER_BYTES),
      // The losses need 8 bytes a unit.
      room: take(Math.max(8 * this.outputSize, ...this.layers.map((layer) => layer.roomBytes(batch, this.#instance)))),
    };
    this.#instance.memory.grow(top);
    return this.#plan;
  }

  /** Room that stays, below the arena; the arena holds nothing between batches and moves up. */
  #reserve(count: number): number {
    const address = this.#top;
    this.#top = aligned(address + count * NUMBER_BYTES);
    this.#instance.memory.grow(this.#top);
    this.#plan = undefined;
    this.#view(address, count).fill(0);
    return address;
  }

  #view(address: number, count: number): Float32Array {
    return this.#instance.memory.floats.subarray(address >> 2, (address >> 2) + count);
  }
}

function aligned(address: number): number {
  return Math.ceil(address / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function indexOfLargest(values: Float32Array): number {
  let best = 0;
  for (let at = 1; at < values.length; at++) if ((values[at] as number) > (values[best] as number)) best = at;
  return best;
}

function invalid(detail: string): never {
  throw new TreadleError('LEARNING_BATCH_INVALID', { detail });
}
