import type { Compiled, GraphNode } from '../graph-node.ts';
import { NUMBER_BYTES, type Step } from '../step.ts';
import { countOf } from '../tensor.ts';
import { broadcast } from './arithmetic.ts';

const round = Math.fround;

/** Gemm: alpha * A B + beta * C, where A is the sample. */
export function compileGemm(node: GraphNode): Compiled {
  const input = node.sample(0);
  if (input.shape.length !== 1) node.invalid(`samples of ${input.shape.join(' x ')} are no rows of a matrix`);
  if (node.int('transA', 0) !== 0) node.unsupported('transA is not run: the batch would be a dimension of the product');
  const weight = node.constant(1);
  const transposed = node.int('transB', 0) !== 0;
  const [first = 0, second = 0] = weight.dims;
  const [inputs, units] = transposed ? [second, first] : [first, second];
  checkMatrix(node, weight.dims, inputs, input.shape[0] as number);
  const alpha = node.float('alpha', 1);
  const beta = node.float('beta', 1);
  const weights = Float32Array.from(weight.values, (value) => round(round(value) * alpha));
  const constants = [weights];
  if (node.hasInput(2)) constants.push(broadcast(node, node.constant(2), [units]).map((value) => round(value * beta)));
  const strides = transposed ? ([inputs, 1] as const) : ([1, units] as const);
  return { type: 'step', inputs: [input], step: product({ shape: [units], rows: 1, inputs, units, strides, constants }) };
}

/** MatMul of the sample by a constant matrix. */
export function compileMatMul(node: GraphNode): Compiled {
  const input = node.sample(0);
  const weight = node.constant(1);
  const [inputs = 0, units = 0] = weight.dims;
  checkMatrix(node, weight.dims, inputs, input.shape.at(-1) ?? 0);
  const before = input.shape.slice(0, -1);
  const of = { shape: [...before, units], rows: countOf(before), inputs, units, strides: [1, units] as const };
  return { type: 'step', inputs: [input], step: product({ ...of, constants: [Float32Array.from(weight.values)] }) };
}

function checkMatrix(node: GraphNode, dims: readonly number[], inputs: number, given: number): void {
  if (dims.length !== 2) node.unsupported(`weights of ${dims.length} dimensions are not run; 2 are`);
  if (countOf(dims) === 0 || inputs !== given) node.invalid(`weights of ${dims.join(' x ')} do not fit ${given} numbers`);
}

interface Product {
  readonly shape: readonly number[];
  /** Rows in one sample. */
  readonly rows: number;
  readonly inputs: number;
  readonly units: number;
  /** From unit to unit and from input to input in the weights. */
  readonly strides: readonly [number, number];
  readonly constants: readonly Float32Array[];
}

function product({ shape, rows, inputs, units, strides, constants }: Product): Step {
  const resultBytes = (batch: number) => batch * rows * units * NUMBER_BYTES;
  return {
    shape,
    constants,
    products: rows * inputs * units,
    roomBytes: (batch, { kernels }) => resultBytes(batch) + kernels.gemmRoom(),
    run({ kernels, batch, inputs: from, output, constants: at, room }) {
      const [weights, bias = 0] = at as [number, number?];
      const count = batch * rows;
      const [unit, input] = strides;
      const start = bias === 0 ? 0 : 2;
      const more = room + resultBytes(batch);
      kernels.gemm(units, count, inputs, weights, unit, input, from[0] as number, 1, inputs, room, start, bias, more);
      kernels.swapAxes(room, output, 1, units, count);
    },
  };
}
