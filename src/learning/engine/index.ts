export { NETWORKS, type NetworkName } from './catalogue.ts';
export { createEngine, type Engine, type EngineOptions, type KernelBytes } from './engine.ts';
export { FIRST_ADDRESS, type KernelInstance, type KernelMemory, type Kernels } from './kernels.ts';
export { type Evaluation, Network, type TrainingSamples, type TrainOptions } from './network.ts';
export { type LayerDescription, type NetworkDescription, type Shape, sizeOf } from './network-description.ts';
export type { LossDescription, OptimiserDescription } from './optimiser.ts';
export { seededUniform } from './seeded-uniform.ts';
export { exponential, logarithm } from './twins/loss-twin.ts';
