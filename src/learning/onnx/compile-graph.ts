import { TreadleError } from '../../errors.ts';
import {
  ONNX_CONSTANTS_MAX,
  ONNX_NODES_MAX,
  ONNX_RANK_MAX,
  ONNX_SAMPLE_NUMBERS_MAX,
  ONNX_SAMPLE_PRODUCTS_MAX,
} from '../../limits.ts';
import { type Compiled, GraphNode, type Value } from './graph-node.ts';
import { DATA_TYPE, type GraphProto, type ModelProto, type NodeProto, toNumber, type ValueInfoProto } from './model-proto.ts';
import { OPERATORS, OPSET_MAX, OPSET_MIN } from './operators/operators.ts';
import type { Step } from './step.ts';
import { countOf, readTensor } from './tensor.ts';

/** A step and the values that it reads and writes, by slot; slot 0 is what goes in. */
export interface PlacedStep {
  readonly step: Step;
  readonly inputs: readonly number[];
  readonly output: number;
}

/** A graph that can be run. */
export interface CompiledGraph {
  readonly input: { readonly name: string; readonly shape: readonly number[] };
  readonly output: {
    readonly name: string;
    readonly shape: readonly number[];
    readonly slot: number;
    /** The operator of the node that makes it. */
    readonly operator: string;
  };
  readonly steps: readonly PlacedStep[];
  /** Numbers of one sample in each slot. */
  readonly sizes: readonly number[];
}

/**
 * Makes steps of the nodes that the wanted output needs (the first one when none is named); others are not looked at.
 *
 * @throws TreadleError ONNX_UNSUPPORTED | ONNX_TOO_LARGE | ONNX_GRAPH_INVALID
 */
export function compileGraph(model: ModelProto, wanted?: string): CompiledGraph {
  const { graph } = model;
  if (graph.node.length > ONNX_NODES_MAX) tooLarge(`The graph has ${graph.node.length} nodes, up to ${ONNX_NODES_MAX} are run`);
  const opset = opsetOf(model);
  const outputName = outputNamed(graph, wanted);
  const nodes = neededFor(outputName, graph.node);
  const { name, shape, fixedBatch } = inputOf(graph);
  const values = new Map<string, Value>();
  const used = new Set(nodes.flatMap((node) => node.input ?? []));
  for (const tensor of graph.initializer ?? []) {
    const title = tensor.name ?? '';
    if (!used.has(title)) continue;
    values.set(title, { type: 'constant', tensor: readTensor(tensor, `the constant ${JSON.stringify(title.slice(0, 80))}`) });
  }
  values.set(name, { type: 'sample', slot: 0, shape });
  const steps: PlacedStep[] = [];
  const budget = new Budget();
  const sizes = [budget.sample(shape)];
  for (const proto of nodes) {
    const inputs = (proto.input ?? []).map((each) => (each === '' ? undefined : valueNamed(values, each, proto)));
    const node = new GraphNode(proto, { opset, fixedBatch, inputs });
    const compiled = compile(node, proto, opset);
    const output = proto.output[0] ?? '';
    if (compiled.type === 'constant') budget.constants(compiled.tensor.values.length);
    if (compiled.type === 'step') {
      budget.step(compiled.step);
      sizes.push(budget.sample(compiled.step.shape));
      steps.push({ step: compiled.step, inputs: compiled.inputs.map(({ slot }) => slot), output: sizes.length - 1 });
    }
    values.set(output, valueAfter(compiled, sizes.length - 1));
  }
  const output = values.get(outputName);
  if (output?.type !== 'sample' || output.slot === 0) {
    invalid(`The output ${JSON.stringify(outputName.slice(0, 80))} does not depend on the input`);
  }
  const operator = nodes.find((node) => node.output.includes(outputName))?.opType ?? '';
  return { input: { name, shape }, output: { name: outputName, shape: output.shape, slot: output.slot, operator }, steps, sizes };
}

function valueAfter(compiled: Compiled, slot: number): Value {
  switch (compiled.type) {
    case 'constant':
      return compiled;
    case 'same':
      return { type: 'sample', slot: compiled.of.slot, shape: compiled.shape };
    case 'step':
      return { type: 'sample', slot, shape: compiled.step.shape };
  }
}

/** What the model may still ask for. */
class Budget {
  #numbers = 0;
  #constants = 0;
  #products = 0;

  /** Accounts for one value of a sample; returns its size. */
  sample(shape: readonly number[]): number {
    const count = countOf(shape);
    this.#numbers += count;
    if (!(this.#numbers <= ONNX_SAMPLE_NUMBERS_MAX)) {
      tooLarge(`One sample takes more than ${ONNX_SAMPLE_NUMBERS_MAX} numbers in all layers`);
    }
    return count;
  }

  constants(count: number): void {
    this.#constants += count;
    if (!(this.#constants <= ONNX_CONSTANTS_MAX)) tooLarge(`The model holds more than ${ONNX_CONSTANTS_MAX} numbers`);
  }

  step({ constants, products }: Step): void {
    for (const each of constants) this.constants(each.length);
    this.#products += products;
    if (!(this.#products <= ONNX_SAMPLE_PRODUCTS_MAX)) {
      tooLarge(`One sample takes more than ${ONNX_SAMPLE_PRODUCTS_MAX} multiplications`);
    }
  }
}

/** The version of the operators that have no domain. @throws TreadleError ONNX_UNSUPPORTED */
export function opsetOf(model: ModelProto): number {
  const own = model.opsetImport.find(({ domain }) => isOwnDomain(domain));
  const version = toNumber(own?.version);
  if (!(version >= OPSET_MIN && version <= OPSET_MAX)) {
    unsupported(`The model uses version ${version} of the operators; ${OPSET_MIN} to ${OPSET_MAX} are run`);
  }
  return version;
}

export function isOwnDomain(domain: string | undefined): boolean {
  return domain === undefined || domain === '' || domain === 'ai.onnx';
}

function compile(node: GraphNode, proto: NodeProto, opset: number): Compiled {
  const operator = isOwnDomain(proto.domain) ? OPERATORS.get(proto.opType) : undefined;
  if (operator === undefined) {
    const domain = isOwnDomain(proto.domain) ? 'ai.onnx' : (proto.domain as string).slice(0, 80);
    const version = domain === 'ai.onnx' ? ` version ${opset}` : '';
    throw new TreadleError('ONNX_UNSUPPORTED', {
      detail: `Node ${node.title} uses the operator ${node.operator.slice(0, 80)} of ${domain}${version}; run are ${[...OPERATORS.keys()].join(', ')}`,
      data: { operator: node.operator, domain, version: opset, node: proto.name, supported: [...OPERATORS.keys()] },
    });
  }
  return operator(node);
}

/** The nodes that a value needs, in the order of the file. */
function neededFor(output: string, nodes: readonly NodeProto[]): readonly NodeProto[] {
  const makers = new Map<string, NodeProto>();
  for (const node of nodes) for (const name of node.output) if (name !== '') makers.set(name, node);
  const needed = new Set<NodeProto>();
  const open = [output];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = makers.get(name);
    if (node === undefined || needed.has(node)) continue;
    needed.add(node);
    open.push(...(node.input ?? []));
  }
  return nodes.filter((node) => needed.has(node));
}

function valueNamed(values: ReadonlyMap<string, Value>, name: string, node: NodeProto): Value {
  const value = values.get(name);
  if (value === undefined) {
    invalid(`${JSON.stringify(name.slice(0, 80))}, which a node ${node.opType.slice(0, 80)} reads, is made by no node before it`);
  }
  return value;
}

function outputNamed(graph: GraphProto, wanted: string | undefined): string {
  const names = graph.output.map(({ name }) => name);
  const name = wanted ?? names[0];
  if (name === undefined || !names.includes(name)) {
    invalid(`There is no output ${JSON.stringify(wanted ?? '')}; there are ${names.slice(0, 20).join(', ') || 'none'}`);
  }
  return name;
}

/** The one input that is no constant: its shape without the batch. */
function inputOf(graph: GraphProto): {
  readonly name: string;
  readonly shape: readonly number[];
  readonly fixedBatch: number | undefined;
} {
  const constants = new Set((graph.initializer ?? []).map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !constants.has(name));
  const [input] = inputs;
  if (input === undefined || inputs.length !== 1) unsupported(`The model has ${inputs.length} inputs; one is run`);
  const [batch, ...shape] = dimensionsOf(input);
  return { name: input.name, shape, fixedBatch: batch !== undefined && batch > 0 ? batch : undefined };
}

function dimensionsOf({ name, type }: ValueInfoProto): readonly number[] {
  const tensor = type?.tensorType;
  if (!tensor?.shape) invalid(`The file does not say which shape the input ${JSON.stringify(name.slice(0, 80))} has`);
  if (tensor.elemType !== DATA_TYPE.float) {
    unsupported(`The input is of the type ${tensor.elemType}; float (${DATA_TYPE.float}) is run`);
  }
  const dims = (tensor.shape.dim ?? []).map(({ dimValue }) => toNumber(dimValue));
  if (dims.length < 2 || dims.length > ONNX_RANK_MAX || dims.slice(1).some((dim) => !(Number.isSafeInteger(dim) && dim > 0))) {
    unsupported(`The input has the shape ${dims.join(' x ')}; all dimensions but the batch, the first, must be given`);
  }
  return dims;
}

function invalid(detail: string): never {
  throw new TreadleError('ONNX_GRAPH_INVALID', { detail });
}

function unsupported(detail: string): never {
  throw new TreadleError('ONNX_UNSUPPORTED', { detail });
}

function tooLarge(detail: string): never {
  throw new TreadleError('ONNX_TOO_LARGE', { detail });
}
