import { exponential } from '../../engine/index.ts';
import type { Compiled, GraphNode } from '../graph-node.ts';
import { eachNumber, plainStep } from '../step.ts';
import { countOf, type Tensor } from '../tensor.ts';

const round = Math.fround;

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
};

/** Add, Sub, Mul, Div: of a sample and a constant, or of two values of one shape. */
export function compileArithmetic(node: GraphNode): Compiled {
  const of = ARITHMETIC[node.operator] as (a: number, b: number) => number;
  const [left, right] = node.inputs;
  if (left === undefined || right === undefined) node.invalid('it needs two inputs');
  if (left.type === 'constant' && right.type === 'constant') node.unsupported('both inputs are constants');
  if (left.type === 'sample' && right.type === 'sample') {
    if (left.shape.join() !== right.shape.join()) {
      node.unsupported(`values of ${left.shape.join(' x ')} and ${right.shape.join(' x ')} are of two shapes`);
    }
    const count = countOf(left.shape);
    const step = plainStep(left.shape, ({ memory, batch, inputs, output }) => {
      const f = memory.floats;
      const [a, b, to] = [(inputs[0] as number) >> 2, (inputs[1] as number) >> 2, output >> 2];
      for (let i = 0; i < batch * count; i++) f[to + i] = of(f[a + i] as number, f[b + i] as number);
    });
    return { type: 'step', inputs: [left, right], step };
  }
  const sampleFirst = left.type === 'sample';
  const input = node.sample(sampleFirst ? 0 : 1);
  const constant = broadcast(node, node.constant(sampleFirst ? 1 : 0), input.shape);
  const count = constant.length;
  const step = plainStep(
    input.shape,
    ({ memory, batch, inputs, output, constants }) => {
      const f = memory.floats;
      let [from, to] = [(inputs[0] as number) >> 2, output >> 2];
      for (let n = 0; n < batch; n++) {
        let other = (constants[0] as number) >> 2;
        for (let i = 0; i < count; i++) {
          const [x, c] = [f[from++] as number, f[other++] as number];
          f[to++] = sampleFirst ? of(x, c) : of(c, x);
        }
      }
    },
    [constant],
  );
  return { type: 'step', inputs: [input], step };
}

/** A constant repeated until it has the shape of a sample, as the format says: dimensions are compared from the last. */
export function broadcast(node: GraphNode, tensor: Tensor, shape: readonly number[]): Float32Array {
  // What stands before the dimensions of the sample is the batch, for which a constant can only be the same.
  const extra = tensor.dims.slice(0, Math.max(0, tensor.dims.length - shape.length));
  const dims = [...Array<number>(Math.max(0, shape.length - tensor.dims.length)).fill(1), ...tensor.dims.slice(extra.length)];
  const fits = extra.length <= 1 && extra.every((dim) => dim === 1) && dims.every((dim, at) => dim === 1 || dim === shape[at]);
  if (!fits) node.unsupported(`a constant of ${tensor.dims.join(' x ')} cannot be joined with samples of ${shape.join(' x ')}`);
  const result = new Float32Array(countOf(shape));
  const position = shape.map(() => 0);
  for (let at = 0; at < result.length; at++) {
    let from = 0;
    for (const [axis, dim] of dims.entries()) from = from * dim + (dim === 1 ? 0 : (position[axis] as number));
    result[at] = tensor.values[from] as number;
    advance(position, shape);
  }
  return result;
}

/** Counts on: the last dimension first. */
export function advance(position: number[], shape: readonly number[]): void {
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    position[axis] = (position[axis] as number) + 1;
    if ((position[axis] as number) < (shape[axis] as number)) return;
    position[axis] = 0;
  }
}

/** Relu, LeakyRelu, Clip, Sigmoid, Tanh. */
export function compileEachNumber(node: GraphNode): Compiled {
  const input = node.sample(0);
  return { type: 'step', inputs: [input], step: eachNumber(input.shape, countOf(input.shape), functionOf(node)) };
}

function functionOf(node: GraphNode): (x: number) => number {
  switch (node.operator) {
    case 'LeakyRelu': {
      const alpha = node.float('alpha', round(0.01));
      return (x) => (x < 0 ? alpha * x : x);
    }
    case 'Clip': {
      const bound = (index: number, name: string, otherwise: number) =>
        node.opset < 11
          ? node.float(name, otherwise)
          : node.hasInput(index)
            ? (node.constant(index).values[0] ?? otherwise)
            : otherwise;
      const lowest = bound(1, 'min', Number.NEGATIVE_INFINITY);
      const highest = bound(2, 'max', Number.POSITIVE_INFINITY);
      return (x) => Math.min(highest, Math.max(lowest, x));
    }
    case 'Sigmoid':
      return (x) => {
        const power = exponential(-Math.abs(x));
        return (x < 0 ? power : 1) / (1 + power);
      };
    case 'Tanh':
      return (x) => {
        const power = exponential(-2 * Math.abs(x));
        return (Math.sign(x) * (1 - power)) / (1 + power);
      };
    default:
      return (x) => (x > 0 ? x : 0);
  }
}
