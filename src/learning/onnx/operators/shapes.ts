import type { Compiled, GraphNode, SampleValue } from '../graph-node.ts';
import { DATA_TYPE } from '../model-proto.ts';
import { plainStep } from '../step.ts';
import { countOf, type Tensor } from '../tensor.ts';
import { advance } from './arithmetic.ts';

/** Identity, Dropout, and Cast to single precision: nothing happens to a sample. */
export function compileSame(node: GraphNode): Compiled {
  if (node.operator === 'Dropout' && node.hasInput(2) && node.constant(2).values[0] !== 0) {
    node.unsupported('training_mode is not run');
  }
  if (node.operator === 'Cast' && node.int('to', 0) !== DATA_TYPE.float) node.unsupported('only the type float is made');
  const value = node.inputs[0];
  if (value?.type === 'constant') return { type: 'constant', tensor: value.tensor };
  return same(node.sample(0));
}

const same = (of: SampleValue, shape = of.shape): Compiled => ({ type: 'same', of, shape });

export function compileConstant(node: GraphNode): Compiled {
  const tensor = node.tensor('value') ?? listed(node);
  if (tensor === undefined) node.unsupported('it holds neither a tensor nor numbers');
  return { type: 'constant', tensor };
}

function listed(node: GraphNode): Tensor | undefined {
  const whole = (values: readonly number[], dims: readonly number[]): Tensor => ({
    dims,
    values: Float64Array.from(values),
    whole: true,
  });
  if (node.has('value_int')) return whole([node.int('value_int', 0)], []);
  if (node.has('value_ints')) return whole(node.ints('value_ints') ?? [], [node.ints('value_ints')?.length ?? 0]);
  if (node.has('value_float')) return { dims: [], values: Float32Array.of(node.float('value_float', 0)), whole: false };
  if (!node.has('value_floats')) return undefined;
  const values = Float32Array.from(node.floats('value_floats'));
  return { dims: [values.length], values, whole: false };
}

/** Flatten from the first dimension after the batch. */
export function compileFlatten(node: GraphNode): Compiled {
  const of = node.sample(0);
  const axis = node.int('axis', 1);
  if ((axis < 0 ? axis + of.shape.length + 1 : axis) !== 1) node.unsupported(`axis ${axis} would break up the batch; 1 is run`);
  return same(of, [countOf(of.shape)]);
}

/** Reshape to a shape that the file holds, where the batch stays what it is. */
export function compileReshape(node: GraphNode): Compiled {
  const wanted = node.constant(1);
  if (!wanted.whole || wanted.dims.length !== 1) node.invalid('its shape is not a list of whole numbers');
  const dims = Array.from(wanted.values);
  if (dims.some((dim) => !Number.isSafeInteger(dim) || dim < -1)) node.invalid('its shape holds numbers below -1');
  const value = node.inputs[0];
  if (value?.type === 'constant') {
    const shape = completed(node, dims, countOf(value.tensor.dims), value.tensor.dims);
    return { type: 'constant', tensor: { ...value.tensor, dims: shape } };
  }
  const of = node.sample(0);
  const [batch, ...rest] = dims;
  const keepsBatch =
    batch === -1 || (batch === 0 && node.int('allowzero', 0) === 0) || (batch !== undefined && batch === node.fixedBatch);
  if (!keepsBatch) node.unsupported(`the shape ${dims.join(' x ')} does not begin with the batch`);
  if (batch === -1 && rest.includes(-1)) node.invalid('its shape leaves two dimensions open');
  return same(of, completed(node, rest, countOf(of.shape), of.shape));
}

/** 0 stands for the dimension that was there, -1 for what is left. */
function completed(node: GraphNode, dims: readonly number[], count: number, before: readonly number[]): readonly number[] {
  const filled = dims.map((dim, at) => (dim === 0 ? (before[at] ?? 0) : dim));
  const known = countOf(filled.filter((dim) => dim !== -1));
  const shape = filled.map((dim) => (dim === -1 ? count / known : dim));
  if (!shape.every(Number.isSafeInteger) || countOf(shape) !== count) {
    node.invalid(`${count} numbers cannot take the shape ${dims.join(' x ')}`);
  }
  return shape;
}

/** Squeeze and Unsqueeze of dimensions other than the batch. */
export function compileSqueeze(node: GraphNode): Compiled {
  const of = node.sample(0);
  const axes = node.opset < 13 ? node.ints('axes') : node.hasInput(1) ? Array.from(node.constant(1).values) : undefined;
  if (axes === undefined) node.unsupported('without axes it might take away the batch');
  const grows = node.operator === 'Unsqueeze';
  const rank = of.shape.length + 1 + (grows ? axes.length : 0);
  const places = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  if ([...places].some((place) => !(Number.isInteger(place) && place >= 1 && place < rank))) {
    node.unsupported(`axes ${axes.join(', ')} are not all dimensions of a sample`);
  }
  if (!grows) {
    if ([...places].some((place) => of.shape[place - 1] !== 1)) node.invalid('it takes away a dimension that is not 1');
    return same(
      of,
      of.shape.filter((_, at) => !places.has(at + 1)),
    );
  }
  const old = of.shape.values();
  return same(
    of,
    Array.from({ length: rank - 1 }, (_, at) => (places.has(at + 1) ? 1 : (old.next().value ?? 1))),
  );
}

/** Transpose of a constant, or of a sample while the batch stays first. */
export function compileTranspose(node: GraphNode): Compiled {
  const value = node.inputs[0];
  const dims = value?.type === 'constant' ? value.tensor.dims : [1, ...node.sample(0).shape];
  const order = node.ints('perm') ?? dims.map((_, at) => dims.length - 1 - at);
  if (order.toSorted((a, b) => a - b).join() !== dims.map((_, at) => at).join()) {
    node.invalid(`its perm ${order.join(', ')} is no order of ${dims.length} dimensions`);
  }
  if (value?.type === 'constant') {
    const { tensor } = value;
    const places = transposed(dims, order);
    const values = tensor.values.map((_, at) => tensor.values[places[at] as number] as number);
    return { type: 'constant', tensor: { ...tensor, values, dims: order.map((axis) => dims[axis] as number) } };
  }
  if (order[0] !== 0) node.unsupported('the batch would not stay the first dimension');
  const input = node.sample(0);
  const places = transposed(dims, order);
  const shape = order.slice(1).map((axis) => dims[axis] as number);
  const step = plainStep(shape, ({ memory, batch, inputs, output }) => {
    const f = memory.floats;
    for (let n = 0; n < batch; n++) {
      const [from, to] = [((inputs[0] as number) >> 2) + n * places.length, (output >> 2) + n * places.length];
      for (let at = 0; at < places.length; at++) f[to + at] = f[from + (places[at] as number)] as number;
    }
  });
  return { type: 'step', inputs: [input], step };
}

/** Where each number of the result comes from. */
function transposed(dims: readonly number[], order: readonly number[]): Int32Array {
  const strides = dims.map((_, at) => countOf(dims.slice(at + 1)));
  const shape = order.map((axis) => dims[axis] as number);
  const position = shape.map(() => 0);
  return Int32Array.from({ length: countOf(dims) }, () => {
    let from = 0;
    for (const [at, axis] of order.entries()) from += (position[at] as number) * (strides[axis] as number);
    advance(position, shape);
    return from;
  });
}
