import { type Shape, sizeOf } from '../network-description.ts';
import { initialiseUniform, type Layer, NUMBER_BYTES } from './layer.ts';

export interface ConvolutionOptions {
  readonly channels: number;
  readonly kernel: number;
  readonly padding: number;
}

/** Weights above which the matrix product wins over going straight over the input: they no longer fit the first cache. */
const DIRECT_WEIGHTS_MAX = 8_192;

/** A convolution of stride 1: straight over the input where it is small and fits the lanes, by a matrix product elsewhere. */
export function convolutionLayer(input: Shape, options: ConvolutionOptions): Layer {
  const { channels: outputs, kernel, padding } = options;
  const output = {
    channels: outputs,
    height: input.height + 2 * padding - kernel + 1,
    width: input.width + 2 * padding - kernel + 1,
  };
  const taps = input.channels * kernel * kernel;
  const fits = padding === 0 && output.width % 8 === 0 && outputs >= 2 && taps >= 4;
  const of = { input, output, taps, kernel, padding };
  return {
    ...(fits && taps * outputs <= DIRECT_WEIGHTS_MAX ? direct(of) : byProduct(of)),
    output,
    parameterCount: outputs * taps + outputs,
    statisticCount: 0,
    initialise: (parameters, _statistics, uniform) => initialiseUniform(parameters, taps, uniform),
  };
}

interface Of {
  readonly input: Shape;
  readonly output: Shape;
  readonly taps: number;
  readonly kernel: number;
  readonly padding: number;
}

type Way = Pick<Layer, 'keptBytes' | 'roomBytes' | 'forward' | 'backward'>;

function direct({ input, output, taps, kernel }: Of): Way {
  const { channels, height, width } = input;
  const outputs = output.channels;
  const weightBytes = outputs * taps * NUMBER_BYTES;
  return {
    keptBytes: () => 0,
    roomBytes: (_batch, { kernels }) => kernels.convolutionRoom(outputs, taps),
    forward(run) {
      const { kernels, batch, parameters, room } = run;
      const bias = parameters + weightBytes;
      kernels.convolve(run.input, parameters, bias, run.output, channels, batch, height, width, outputs, kernel, room);
    },
    backward(run) {
      const { kernels, batch, outputGradient: dy, parameters, gradients, inputGradient: dx, room } = run;
      kernels.convolveWeights(run.input, dy, gradients, channels, batch, height, width, outputs, kernel);
      kernels.rowSums(dy, gradients + weightBytes, outputs, batch * output.height * output.width);
      if (dx !== 0) kernels.convolveInput(dy, parameters, dx, channels, batch, height, width, outputs, kernel, room);
    },
  };
}

function byProduct({ input, output, taps, kernel, padding }: Of): Way {
  const { channels, height, width } = input;
  const outputs = output.channels;
  const positionsOf = (batch: number) => batch * (sizeOf(output) / outputs);
  const columnBytes = (batch: number) => taps * positionsOf(batch) * NUMBER_BYTES;
  return {
    keptBytes: columnBytes,
    // Behind what the product needs lies the gradient of the columns.
    roomBytes: (batch, { kernels }) => kernels.gemmRoom() + columnBytes(batch),
    forward(run) {
      const { kernels, batch, parameters, kept, room } = run;
      const positions = positionsOf(batch);
      const bias = parameters + outputs * taps * NUMBER_BYTES;
      kernels.im2col(run.input, kept, channels, batch, height, width, kernel, padding);
      kernels.gemm(outputs, positions, taps, parameters, taps, 1, kept, positions, 1, run.output, 2, bias, room);
    },
    backward(run) {
      const { kernels, batch, outputGradient: dy, parameters, gradients, kept, room } = run;
      const positions = positionsOf(batch);
      kernels.gemm(outputs, taps, positions, dy, positions, 1, kept, 1, positions, gradients, 0, 0, room);
      kernels.rowSums(dy, gradients + outputs * taps * NUMBER_BYTES, outputs, positions);
      if (run.inputGradient === 0) return;
      const columns = room + kernels.gemmRoom();
      kernels.gemm(taps, positions, outputs, parameters, 1, taps, dy, positions, 1, columns, 0, 0, room);
      kernels.col2im(columns, run.inputGradient, channels, batch, height, width, kernel, padding);
    },
  };
}
