import { exponential, logarithm } from '../../engine/index.ts';
import type { Compiled, GraphNode } from '../graph-node.ts';
import { plainStep, type Step } from '../step.ts';
import { countOf } from '../tensor.ts';

const round = Math.fround;

/** BatchNormalization with what was observed in training, in the order of the engine's own. */
export function compileBatchNorm(node: GraphNode): Compiled {
  const input = node.sample(0);
  if (node.int('training_mode', 0) !== 0) node.unsupported('training_mode is not run');
  if (node.int('spatial', 1) !== 1) node.unsupported('spatial 0 is not run');
  const [channels = 0, ...rest] = input.shape;
  const area = countOf(rest);
  const epsilon = node.float('epsilon', round(1e-5));
  const numbers = ['scale', 'bias', 'mean', 'variance'].map((name, at) => node.needs(node.constant(at + 1), [channels], name));
  const [scale, shift, mean, variance] = numbers as [Float32Array, Float32Array, Float32Array, Float32Array];
  const factors = scale.map((each, c) => round(each * round(1 / round(Math.sqrt(round((variance[c] as number) + epsilon))))));
  const step = plainStep(input.shape, ({ memory, batch, inputs, output }) => {
    const f = memory.floats;
    let [from, to] = [(inputs[0] as number) >> 2, output >> 2];
    for (let n = 0; n < batch; n++) {
      for (let c = 0; c < channels; c++) {
        const [less, factor, more] = [mean[c] as number, factors[c] as number, shift[c] as number];
        for (let i = 0; i < area; i++) f[to++] = round(round((f[from++] as number) - less) * factor) + more;
      }
    }
  });
  return { type: 'step', inputs: [input], step };
}

/** Softmax and LogSoftmax. Before version 13 they ran over all dimensions from the axis on. */
export function compileSoftmax(node: GraphNode): Compiled {
  const input = node.sample(0);
  const { shape } = input;
  const given = node.int('axis', node.opset < 13 ? 1 : -1);
  const axis = (given < 0 ? given + shape.length + 1 : given) - 1;
  if (axis < 0 || axis >= shape.length) node.unsupported(`axis ${given} is not one of a sample`);
  const outer = countOf(shape.slice(0, axis));
  const length = node.opset < 13 ? countOf(shape.slice(axis)) : (shape[axis] as number);
  const inner = node.opset < 13 ? 1 : countOf(shape.slice(axis + 1));
  return { type: 'step', inputs: [input], step: softmax(shape, { outer, length, inner, log: node.operator === 'LogSoftmax' }) };
}

interface Parts {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  readonly log: boolean;
}

function softmax(shape: readonly number[], { outer, length, inner, log }: Parts): Step {
  const powers = new Float64Array(length);
  return plainStep(shape, ({ memory, batch, inputs, output }) => {
    const f = memory.floats;
    const offset = (output - (inputs[0] as number)) >> 2;
    for (let part = 0; part < batch * outer * inner; part++) {
      const first = ((inputs[0] as number) >> 2) + Math.floor(part / inner) * length * inner + (part % inner);
      let largest = f[first] as number;
      for (let i = 1; i < length; i++) largest = Math.max(largest, f[first + i * inner] as number);
      let sum = 0;
      for (let i = 0; i < length; i++) {
        powers[i] = exponential((f[first + i * inner] as number) - largest);
        sum += powers[i] as number;
      }
      const logarithmOfSum = log ? logarithm(sum) : 0;
      for (let i = 0; i < length; i++) {
        const at = first + i * inner;
        f[at + offset] = log ? (f[at] as number) - largest - logarithmOfSum : (powers[i] as number) / sum;
      }
    }
  });
}
