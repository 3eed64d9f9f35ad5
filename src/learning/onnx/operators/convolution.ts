import type { Compiled, GraphNode } from '../graph-node.ts';
import { NUMBER_BYTES, type Step, type StepRun } from '../step.ts';
import { countOf } from '../tensor.ts';
import { type Window, windowOf } from './window.ts';

/** Conv: for each sample and group the windows become columns, and a matrix product does the rest. */
export function compileConvolution(node: GraphNode): Compiled {
  const input = node.sample(0);
  const weight = node.constant(1);
  const [outputs = 0, perGroup = 0, ...kernel] = weight.dims;
  const groups = node.int('group', 1);
  const window = windowOf(node, input.shape, kernel);
  if (groups < 1 || outputs < 1 || outputs % groups !== 0 || perGroup * groups !== window.channels) {
    node.invalid(`weights of ${weight.dims.join(' x ')} in ${groups} groups do not fit ${window.channels} channels`);
  }
  const constants: Float32Array[] = [Float32Array.from(weight.values)];
  if (node.hasInput(2)) constants.push(node.needs(node.constant(2), [outputs], 'bias'));
  return { type: 'step', inputs: [input], step: convolution(window, { outputs, groups, constants }) };
}

interface Of {
  readonly outputs: number;
  readonly groups: number;
  readonly constants: readonly Float32Array[];
}

function convolution(window: Window, { outputs, groups, constants }: Of): Step {
  const { size, kernel, output } = window;
  const channels = window.channels / groups;
  const taps = channels * kernel[0] * kernel[1];
  const positions = output[0] * output[1];
  const rows = outputs / groups;
  const columnBytes = taps * positions * NUMBER_BYTES;
  const groupBytes = channels * size[0] * size[1] * NUMBER_BYTES;
  const gather = isPlain(window) ? gatherPlain(window, channels) : gatherAny(window, channels);
  return {
    shape: window.shapeOf(outputs),
    constants,
    products: outputs * taps * positions,
    roomBytes: (_batch, { kernels }) => columnBytes + kernels.gemmRoom(),
    run(run) {
      const { kernels, batch, room } = run;
      const [weights, bias = 0] = run.constants as [number, number?];
      let [from, to] = [run.inputs[0] as number, run.output];
      for (let n = 0; n < batch; n++) {
        for (let g = 0; g < groups; g++) {
          gather(run, from);
          const own = weights + g * rows * taps * NUMBER_BYTES;
          const start = bias === 0 ? 0 : 2;
          const ownBias = bias === 0 ? 0 : bias + g * rows * NUMBER_BYTES;
          kernels.gemm(rows, positions, taps, own, taps, 1, room, positions, 1, to, start, ownBias, room + columnBytes);
          from += groupBytes;
          to += rows * positions * NUMBER_BYTES;
        }
      }
    },
  };
}

/** What the kernel for columns does by itself: a square window that moves by one. */
function isPlain({ kernel, strides, dilations, before, after }: Window): boolean {
  const pads = [...before, ...after];
  return kernel[0] === kernel[1] && countOf([...strides, ...dilations]) === 1 && pads.every((pad) => pad === pads[0]);
}

function gatherPlain({ size, kernel, before }: Window, channels: number) {
  return ({ kernels, room }: StepRun, from: number) => {
    kernels.im2col(from, room, channels, 1, size[0], size[1], kernel[0], before[0]);
  };
}

function gatherAny({ size, kernel, strides, dilations, before, output }: Window, channels: number) {
  const [height, width] = size;
  return ({ memory, room }: StepRun, from: number) => {
    const f = memory.floats;
    let to = room >> 2;
    for (let c = 0; c < channels; c++) {
      const plane = (from >> 2) + c * height * width;
      for (let tap = 0; tap < kernel[0] * kernel[1]; tap++) {
        const top = Math.floor(tap / kernel[1]) * dilations[0] - before[0];
        const left = (tap % kernel[1]) * dilations[1] - before[1];
        for (let y = 0; y < output[0]; y++) {
          const row = y * strides[0] + top;
          for (let x = 0; x < output[1]; x++) {
            const column = x * strides[1] + left;
            const inside = row >= 0 && row < height && column >= 0 && column < width;
            f[to++] = inside ? (f[plane + row * width + column] as number) : 0;
          }
        }
      }
    }
  };
}
