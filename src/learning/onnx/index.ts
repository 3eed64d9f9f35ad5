/** Models in files of the Open Neural Network Exchange format: what we train for others, what others trained for us. */
export { EXPORT_OPSET, type ExportOptions, exportOnnx } from './export-onnx.ts';
export { inspectOnnx, type OnnxReport } from './inspect-onnx.ts';
export type { InputScaling, ModelNotes } from './metadata.ts';
export { type LoadOnnxOptions, loadOnnx, type OnnxModel, probabilitiesOf } from './onnx-model.ts';
export { OPERATORS as ONNX_OPERATORS, OPSET_MAX as ONNX_OPSET_MAX, OPSET_MIN as ONNX_OPSET_MIN } from './operators/operators.ts';
