import { TreadleError } from '../../errors.ts';
import { EVALUATION_BATCH_SAMPLES, ONNX_SAMPLE_NUMBERS_MAX } from '../../limits.ts';
import { type Engine, exponential, FIRST_ADDRESS, type KernelInstance } from '../engine/index.ts';
import { type CompiledGraph, compileGraph } from './compile-graph.ts';
import { type ModelNotes, notesOf } from './metadata.ts';
import { decodeModel } from './model-proto.ts';
import { NUMBER_BYTES } from './step.ts';
import { countOf } from './tensor.ts';

export interface LoadOnnxOptions {
  /** Which output is wanted; the first of the file when absent. */
  readonly output?: string;
}

/**
 * Loads a model for prediction. With an engine whose results are the same everywhere, so are the predictions.
 *
 * @throws TreadleError ONNX_FILE_INVALID | ONNX_UNSUPPORTED | ONNX_TOO_LARGE | ONNX_GRAPH_INVALID
 */
export function loadOnnx(engine: Engine, bytes: Uint8Array, options: LoadOnnxOptions = {}): OnnxModel {
  const proto = decodeModel(bytes);
  const graph = compileGraph(proto, options.output);
  return new OnnxModel(engine.open(), graph, { name: proto.graph.name ?? '', notes: notesOf(proto) });
}

/** Where everything of one batch size lies. */
interface Plan {
  readonly batch: number;
  readonly slots: readonly number[];
  readonly room: number;
}

const ALIGNMENT_BYTES = 64;

/** A loaded model: its constants lie in the memory of a kernel instance of its own, which is collected with it. */
export class OnnxModel {
  readonly name: string;
  readonly notes: ModelNotes;
  readonly inputName: string;
  /** Shape of one sample, without the batch. */
  readonly inputShape: readonly number[];
  readonly inputSize: number;
  readonly outputName: string;
  readonly outputShape: readonly number[];
  readonly outputSize: number;
  readonly #graph: CompiledGraph;
  readonly #instance: KernelInstance;
  /** Addresses of the constants of each step. */
  readonly #constants: readonly (readonly number[])[];
  readonly #top: number;
  readonly #batchMax: number;
  #plan: Plan | undefined;

  constructor(instance: KernelInstance, graph: CompiledGraph, of: { readonly name: string; readonly notes: ModelNotes }) {
    this.name = of.name;
    this.inputName = graph.input.name;
    this.inputShape = graph.input.shape;
    this.inputSize = countOf(graph.input.shape);
    this.outputName = graph.output.name;
    this.outputShape = graph.output.shape;
    this.outputSize = countOf(graph.output.shape);
    this.notes = fitting(of.notes, this);
    this.#graph = graph;
    this.#instance = instance;
    const held = graph.sizes.reduce((sum, size) => sum + size, 0);
    this.#batchMax = Math.max(1, Math.min(EVALUATION_BATCH_SAMPLES, Math.floor(ONNX_SAMPLE_NUMBERS_MAX / held)));
    const room = Math.max(0, ...graph.steps.map(({ step }) => step.roomBytes(1, instance)));
    if (!(room <= ONNX_SAMPLE_NUMBERS_MAX * NUMBER_BYTES)) {
      throw new TreadleError('ONNX_TOO_LARGE', { detail: `A layer of the model needs ${room} bytes to work in` });
    }
    let top = FIRST_ADDRESS;
    this.#constants = graph.steps.map(({ step }) =>
      step.constants.map((values) => {
        const address = top;
        top = aligned(top + values.length * NUMBER_BYTES);
        instance.memory.grow(top);
        instance.memory.floats.set(values, address >> 2);
        return address;
      }),
    );
    this.#top = top;
  }

  /**
   * What comes out for samples that lie one after the other.
   *
   * @throws TreadleError LEARNING_BATCH_INVALID when the numbers are not those of whole samples
   */
  predict(inputs: Float32Array): Float32Array {
    const count = inputs.length / this.inputSize;
    if (!Number.isInteger(count) || count === 0) {
      throw new TreadleError('LEARNING_BATCH_INVALID', {
        detail: `${inputs.length} numbers are no samples of ${this.inputShape.join(' x ')}`,
      });
    }
    const result = new Float32Array(count * this.outputSize);
    for (let from = 0; from < count; from += this.#batchMax) {
      const batch = Math.min(this.#batchMax, count - from);
      result.set(
        this.#run(inputs.subarray(from * this.inputSize, (from + batch) * this.inputSize), batch),
        from * this.outputSize,
      );
    }
    return result;
  }

  /** Samples as they were measured, standardised by what the model says of its input; unchanged when it says nothing. */
  standardise(samples: ArrayLike<number>): Float32Array {
    const { scaling } = this.notes;
    const prepared = Float32Array.from(samples);
    if (scaling === undefined) return prepared;
    const channels = scaling.mean.length;
    const area = this.inputSize / channels;
    for (let at = 0; at < prepared.length; at++) {
      const channel = Math.floor(at / area) % channels;
      prepared[at] = ((samples[at] as number) - (scaling.mean[channel] as number)) / (scaling.deviation[channel] as number);
    }
    return prepared;
  }

  /**
   * Shares of one for each class of each sample: the output itself where it is a softmax, else its softmax.
   *
   * @throws TreadleError LEARNING_BATCH_INVALID as {@link predict}
   */
  classify(inputs: Float32Array): Float64Array {
    const scores = this.predict(inputs);
    if (this.#graph.output.operator === 'Softmax') return Float64Array.from(scores);
    const result = new Float64Array(scores.length);
    for (let from = 0; from < scores.length; from += this.outputSize) {
      result.set(probabilitiesOf(scores.subarray(from, from + this.outputSize)), from);
    }
    return result;
  }

  /** The names of the classes that the file gives, or their numbers. */
  get classNames(): readonly string[] {
    return this.notes.classNames ?? Array.from({ length: this.outputSize }, (_, at) => String(at));
  }

  #run(inputs: Float32Array, batch: number): Float32Array {
    const plan = this.#planFor(batch);
    const { memory } = this.#instance;
    memory.floats.set(inputs, (plan.slots[0] as number) >> 2);
    for (const [at, { step, inputs: slots, output }] of this.#graph.steps.entries()) {
      step.run({
        ...this.#instance,
        batch,
        inputs: slots.map((slot) => plan.slots[slot] as number),
        output: plan.slots[output] as number,
        constants: this.#constants[at] as readonly number[],
        room: plan.room,
      });
    }
    const from = (plan.slots[this.#graph.output.slot] as number) >> 2;
    return memory.floats.subarray(from, from + batch * this.outputSize);
  }

  #planFor(batch: number): Plan {
    if (this.#plan?.batch === batch) return this.#plan;
    let top = this.#top;
    const slots = this.#graph.sizes.map((size) => {
      const address = top;
      top = aligned(top + batch * size * NUMBER_BYTES);
      return address;
    });
    const room = Math.max(0, ...this.#graph.steps.map(({ step }) => step.roomBytes(batch, this.#instance)));
    this.#instance.memory.grow(top + room);
    this.#plan = { batch, slots, room: top };
    return this.#plan;
  }
}

/** Scores of one sample as shares of one, in a fixed order of additions: the same bits everywhere. */
export function probabilitiesOf(scores: ArrayLike<number>): Float64Array {
  let largest = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < scores.length; at++) largest = Math.max(largest, scores[at] as number);
  const powers = Float64Array.from({ length: scores.length }, (_, at) => exponential((scores[at] as number) - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** Notes that do not fit the graph are of no use to anybody. */
function fitting(notes: ModelNotes, model: { readonly inputShape: readonly number[]; readonly outputSize: number }): ModelNotes {
  const { classNames, scaling, ...others } = notes;
  return {
    ...others,
    ...(classNames?.length === model.outputSize && { classNames }),
    ...(scaling?.mean.length === model.inputShape[0] && { scaling }),
  };
}

function aligned(address: number): number {
  return Math.ceil(address / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}
