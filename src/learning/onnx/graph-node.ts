import { TreadleError } from '../../errors.ts';
import { ONNX_RANK_MAX } from '../../limits.ts';
import type { AttributeProto, NodeProto } from './model-proto.ts';
import { toNumber } from './model-proto.ts';
import type { Step } from './step.ts';
import { countOf, readTensor, type Tensor } from './tensor.ts';

/** A value between nodes: numbers that the file holds, or what comes of a sample. */
export type Value =
  | { readonly type: 'constant'; readonly tensor: Tensor }
  /** `slot`: which value of the run; `shape`: that of one sample, without the batch. */
  | { readonly type: 'sample'; readonly slot: number; readonly shape: readonly number[] };
export type SampleValue = Extract<Value, { type: 'sample' }>;

/** What a node becomes. */
export type Compiled =
  | { readonly type: 'constant'; readonly tensor: Tensor }
  /** The same numbers in another shape. */
  | { readonly type: 'same'; readonly of: SampleValue; readonly shape: readonly number[] }
  | { readonly type: 'step'; readonly step: Step; readonly inputs: readonly SampleValue[] };

/** A node of a graph while it is compiled: its inputs and attributes, and how it complains. */
export class GraphNode {
  readonly opset: number;
  /** The batch that the model is fixed to; absent when any goes. */
  readonly fixedBatch: number | undefined;
  readonly inputs: readonly (Value | undefined)[];
  readonly #node: NodeProto;
  readonly #attributes: ReadonlyMap<string, AttributeProto>;

  constructor(
    node: NodeProto,
    of: {
      readonly opset: number;
      readonly fixedBatch: number | undefined;
      readonly inputs: readonly (Value | undefined)[];
    },
  ) {
    this.#node = node;
    this.#attributes = new Map((node.attribute ?? []).map((attribute) => [attribute.name, attribute]));
    this.opset = of.opset;
    this.fixedBatch = of.fixedBatch;
    this.inputs = of.inputs;
  }

  get operator(): string {
    return this.#node.opType;
  }

  /** How the node is named in messages. */
  get title(): string {
    const name = this.#node.name || this.#node.output[0] || '';
    return `${this.#node.opType.slice(0, 80)} ${JSON.stringify(name.slice(0, 80))}`;
  }

  /** An input that depends on the sample. */
  sample(index: number): SampleValue {
    const value = this.inputs[index];
    if (value === undefined) this.invalid(`its input ${index + 1} is missing`);
    if (value.type === 'constant') this.unsupported('its input is a constant');
    return value;
  }

  /** An input that the file holds. */
  constant(index: number): Tensor {
    const value = this.inputs[index];
    if (value === undefined) this.invalid(`its input ${index + 1} is missing`);
    if (value.type === 'sample') this.unsupported(`its input ${index + 1} is not a constant`);
    return value.tensor;
  }

  hasInput(index: number): boolean {
    return this.inputs[index] !== undefined;
  }

  has(name: string): boolean {
    return this.#attributes.has(name);
  }

  int(name: string, otherwise: number): number {
    const attribute = this.#attributes.get(name);
    if (attribute === undefined) return otherwise;
    const value = toNumber(attribute.i);
    if (!Number.isSafeInteger(value)) this.invalid(`its attribute ${name} is not a number that can be used`);
    return value;
  }

  float(name: string, otherwise: number): number {
    const value = this.#attributes.get(name)?.f;
    return value === undefined ? otherwise : Math.fround(value);
  }

  text(name: string, otherwise: string): string {
    const bytes = this.#attributes.get(name)?.s;
    return bytes === undefined ? otherwise : new TextDecoder().decode(bytes);
  }

  ints(name: string): readonly number[] | undefined {
    const found = this.#attributes.get(name)?.ints;
    if (found === undefined) return undefined;
    if (found.length > 2 * ONNX_RANK_MAX) this.invalid(`its attribute ${name} has ${found.length} numbers`);
    return found.map(toNumber);
  }

  floats(name: string): readonly number[] {
    return this.#attributes.get(name)?.floats ?? [];
  }

  tensor(name: string): Tensor | undefined {
    const tensor = this.#attributes.get(name)?.t;
    return tensor ? readTensor(tensor, `the attribute ${name} of ${this.title}`) : undefined;
  }

  unsupported(detail: string): never {
    throw new TreadleError('ONNX_UNSUPPORTED', { detail: `${this.title}: ${detail}`, data: { operator: this.operator } });
  }

  invalid(detail: string): never {
    throw new TreadleError('ONNX_GRAPH_INVALID', { detail: `${this.title}: ${detail}`, data: { operator: this.operator } });
  }

  /** Checks that the numbers of a constant are as many as are needed. */
  needs(tensor: Tensor, dims: readonly number[], what: string): Float32Array {
    if (countOf(tensor.dims) !== countOf(dims)) {
      this.invalid(`its ${what} has the dimensions ${tensor.dims.join(' x ')}, not ${dims.join(' x ')}`);
    }
    return Float32Array.from(tensor.values);
  }
}
