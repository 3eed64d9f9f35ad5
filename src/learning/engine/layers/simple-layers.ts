import { type Shape, sizeOf } from '../network-description.ts';
import { type Layer, NUMBER_BYTES, PARAMETERLESS } from './layer.ts';

/** Nothing below zero passes. */
export function reluLayer(shape: Shape): Layer {
  const count = sizeOf(shape);
  return {
    ...PARAMETERLESS,
    output: shape,
    forward: ({ kernels, batch, input, output }) => kernels.relu(input, output, batch * count),
    backward({ kernels, batch, output, outputGradient, inputGradient }) {
      if (inputGradient !== 0) kernels.reluBackward(output, outputGradient, inputGradient, batch * count);
    },
  };
}

/** The largest of each 2 x 2; with `rectify`, and not below zero: the order of the two does not matter. */
export function maxPoolLayer(shape: Shape, rectify: boolean): Layer {
  const { channels, height, width } = shape;
  const output = { channels, height: height >> 1, width: width >> 1 };
  return {
    ...PARAMETERLESS,
    output,
    keptBytes: (batch) => batch * sizeOf(output) * NUMBER_BYTES,
    forward({ kernels, batch, input, output: to, kept }) {
      kernels.maxPool(input, to, kept, channels * batch, height, width, rectify ? 1 : 0);
    },
    backward({ kernels, batch, outputGradient, inputGradient, kept }) {
      if (inputGradient !== 0) kernels.maxPoolBackward(outputGradient, kept, inputGradient, channels * batch, height, width);
    },
  };
}

/** Every number becomes a channel of its own, in the order channel, row, column. */
export function flattenLayer(shape: Shape): Layer {
  const area = shape.height * shape.width;
  return {
    ...PARAMETERLESS,
    output: { channels: sizeOf(shape), height: 1, width: 1 },
    forward: ({ kernels, batch, input, output }) => kernels.swapAxes(input, output, shape.channels, batch, area),
    backward({ kernels, batch, inputGradient, outputGradient }) {
      if (inputGradient !== 0) kernels.swapAxes(outputGradient, inputGradient, shape.channels, area, batch);
    },
  };
}

const MOMENTUM = 0.1;
const EPSILON = 1e-5;

/** Batch normalisation over each channel; running mean and variance are its statistics. */
export function batchNormLayer(shape: Shape): Layer {
  const { channels } = shape;
  const countOf = (batch: number) => batch * shape.height * shape.width;
  const gammaBytes = channels * NUMBER_BYTES;
  return {
    output: shape,
    parameterCount: 2 * channels,
    statisticCount: 2 * channels,
    keptBytes: () => 2 * gammaBytes,
    roomBytes: () => 0,
    initialise(parameters, statistics) {
      parameters.fill(1, 0, channels).fill(0, channels);
      statistics.fill(0, 0, channels).fill(1, channels);
    },
    forward({ kernels, batch, input, output, parameters, statistics, kept, training }) {
      const beta = parameters + gammaBytes;
      const mode = training ? 1 : 0;
      const count = countOf(batch);
      kernels.batchNorm(input, output, parameters, beta, statistics, kept, channels, count, MOMENTUM, EPSILON, mode);
    },
    backward({ kernels, batch, input, inputGradient, outputGradient, parameters, gradients, kept }) {
      // Without a layer before it, the gradient of the input goes where nobody reads it.
      const dx = inputGradient === 0 ? outputGradient : inputGradient;
      const dBeta = gradients + gammaBytes;
      kernels.batchNormBackward(input, outputGradient, dx, parameters, gradients, dBeta, kept, channels, countOf(batch));
    },
  };
}
