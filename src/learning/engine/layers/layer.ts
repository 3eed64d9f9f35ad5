import type { KernelInstance } from '../kernels.ts';
import type { Shape } from '../network-description.ts';

/** Where a layer works during one batch. All are byte addresses. */
export interface LayerRun extends KernelInstance {
  readonly batch: number;
  readonly training: boolean;
  readonly input: number;
  readonly output: number;
  /** 0 when nobody wants it: the first layer's. */
  readonly inputGradient: number;
  readonly outputGradient: number;
  readonly parameters: number;
  readonly gradients: number;
  readonly statistics: number;
  /** What the layer keeps from forward to backward. */
  readonly kept: number;
  /** Room that all layers share. */
  readonly room: number;
}

/** A layer of a network whose shapes are known. */
export interface Layer {
  readonly output: Shape;
  /** How many numbers are trained: weights, then biases. */
  readonly parameterCount: number;
  /** How many numbers are observed and not trained. */
  readonly statisticCount: number;
  /** Bytes kept from forward to backward. */
  keptBytes(batch: number): number;
  /** Bytes of shared room that it needs. */
  roomBytes(batch: number, instance: KernelInstance): number;
  /** Sets the first values; `uniform` draws from [-1, 1). */
  initialise(parameters: Float32Array, statistics: Float32Array, uniform: () => number): void;
  forward(run: LayerRun): void;
  /** Sets the gradients of parameters and input. */
  backward(run: LayerRun): void;
}

/** Bytes of a number. */
export const NUMBER_BYTES = 4;

/** Weights and biases uniform within 1 / sqrt(inputs), as most frameworks begin. */
export function initialiseUniform(parameters: Float32Array, inputs: number, uniform: () => number): void {
  const bound = 1 / Math.sqrt(inputs);
  for (let i = 0; i < parameters.length; i++) parameters[i] = uniform() * bound;
}

/** What a layer without parameters, kept values and room is. */
export const PARAMETERLESS = {
  parameterCount: 0,
  statisticCount: 0,
  keptBytes: () => 0,
  roomBytes: () => 0,
  initialise: () => undefined,
} as const;
