export * from './datasets/index.ts';
export * from './engine/index.ts';
export * from './federated/index.ts';
export * from './onnx/index.ts';
