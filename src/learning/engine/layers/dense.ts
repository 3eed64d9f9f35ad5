import type { Shape } from '../network-description.ts';
import { initialiseUniform, type Layer, NUMBER_BYTES } from './layer.ts';

/** y = W x + b; samples are columns. */
export function denseLayer(input: Shape, units: number): Layer {
  const inputs = input.channels;
  const weights = units * inputs;
  return {
    output: { channels: units, height: 1, width: 1 },
    parameterCount: weights + units,
    statisticCount: 0,
    keptBytes: () => 0,
    roomBytes: (_batch, { kernels }) => kernels.gemmRoom(),
    initialise: (parameters, _statistics, uniform) => initialiseUniform(parameters, inputs, uniform),
    forward({ kernels, batch, input, output, parameters, room }) {
      const bias = parameters + weights * NUMBER_BYTES;
      kernels.gemm(units, batch, inputs, parameters, inputs, 1, input, batch, 1, output, 2, bias, room);
    },
    backward({ kernels, batch, input, inputGradient, outputGradient, parameters, gradients, room }) {
      kernels.gemm(units, inputs, batch, outputGradient, batch, 1, input, 1, batch, gradients, 0, 0, room);
      kernels.rowSums(outputGradient, gradients + weights * NUMBER_BYTES, units, batch);
      if (inputGradient === 0) return;
      kernels.gemm(inputs, batch, units, parameters, 1, inputs, outputGradient, batch, 1, inputGradient, 0, 0, room);
    },
  };
}
