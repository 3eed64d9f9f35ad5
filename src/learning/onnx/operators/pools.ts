import type { Compiled, GraphNode } from '../graph-node.ts';
import { plainStep } from '../step.ts';
import { type Window, windowOf } from './window.ts';

type Ending = (best: number, inside: number, within: number) => number;

const round = Math.fround;

export function compileMaxPool(node: GraphNode): Compiled {
  const input = node.sample(0);
  const window = windowOf(node, input.shape);
  const step = pool(window, { start: Number.NEGATIVE_INFINITY, add: (a, b) => (b > a ? b : a), end: (best) => best });
  return { type: 'step', inputs: [input], step };
}

export function compileAveragePool(node: GraphNode): Compiled {
  const input = node.sample(0);
  const window = windowOf(node, input.shape);
  // With `count_include_pad` what is put around the input counts as zeros; what lies beyond that does not count.
  const withPads = node.int('count_include_pad', 0) !== 0;
  const end: Ending = (sum, inside, within) => round(sum / (withPads ? within : inside));
  return { type: 'step', inputs: [input], step: pool(window, { start: 0, add: (a, b) => round(a + b), end }) };
}

/** GlobalAveragePool and GlobalMaxPool: one window over everything. */
export function compileGlobalPool(node: GraphNode): Compiled {
  const input = node.sample(0);
  const [channels = 0, ...spatial] = input.shape;
  const area = spatial.reduce((product, length) => product * length, 1);
  if (spatial.length === 0 || area < 1) node.invalid('there are no rows and columns to pool');
  const average = node.operator === 'GlobalAveragePool';
  const step = plainStep([channels, ...spatial.map(() => 1)], ({ memory, batch, inputs, output }) => {
    const f = memory.floats;
    let [from, to] = [(inputs[0] as number) >> 2, output >> 2];
    for (let plane = 0; plane < batch * channels; plane++) {
      let found = f[from++] as number;
      for (let i = 1; i < area; i++) {
        const value = f[from++] as number;
        found = average ? round(found + value) : value > found ? value : found;
      }
      f[to++] = average ? round(found / area) : found;
    }
  });
  return { type: 'step', inputs: [input], step };
}

interface Rule {
  readonly start: number;
  readonly add: (found: number, value: number) => number;
  readonly end: Ending;
}

function pool(window: Window, { start, add, end }: Rule) {
  const { channels, size, kernel, strides, dilations, before, after, output } = window;
  const [height, width] = size;
  return plainStep(
    window.shapeOf(channels),
    ({ memory, batch, inputs, output: target }) => {
      const f = memory.floats;
      let to = target >> 2;
      for (let plane = 0; plane < batch * channels; plane++) {
        const from = ((inputs[0] as number) >> 2) + plane * height * width;
        for (let y = 0; y < output[0]; y++) {
          for (let x = 0; x < output[1]; x++) {
            let [found, inside, within] = [start, 0, 0];
            for (let ky = 0; ky < kernel[0]; ky++) {
              const row = y * strides[0] + ky * dilations[0] - before[0];
              for (let kx = 0; kx < kernel[1]; kx++) {
                const column = x * strides[1] + kx * dilations[1] - before[1];
                if (row < height + after[0] && column < width + after[1]) within++;
                if (row < 0 || row >= height || column < 0 || column >= width) continue;
                found = add(found, f[from + row * width + column] as number);
                inside++;
              }
            }
            f[to++] = end(found, inside, within);
          }
        }
      }
    },
    [],
    channels * output[0] * output[1] * kernel[0] * kernel[1],
  );
}
