import type { Compiled, GraphNode } from '../graph-node.ts';
import { compileArithmetic, compileEachNumber } from './arithmetic.ts';
import { compileConvolution } from './convolution.ts';
import { compileBatchNorm, compileSoftmax } from './normalisation.ts';
import { compileAveragePool, compileGlobalPool, compileMaxPool } from './pools.ts';
import { compileGemm, compileMatMul } from './products.ts';
import { compileConstant, compileFlatten, compileReshape, compileSame, compileSqueeze, compileTranspose } from './shapes.ts';

/** The operators that are run, by name; all of the domain `ai.onnx`. */
export const OPERATORS: ReadonlyMap<string, (node: GraphNode) => Compiled> = new Map([
  ['Add', compileArithmetic],
  ['AveragePool', compileAveragePool],
  ['BatchNormalization', compileBatchNorm],
  ['Cast', compileSame],
  ['Clip', compileEachNumber],
  ['Constant', compileConstant],
  ['Conv', compileConvolution],
  ['Div', compileArithmetic],
  ['Dropout', compileSame],
  ['Flatten', compileFlatten],
  ['Gemm', compileGemm],
  ['GlobalAveragePool', compileGlobalPool],
  ['GlobalMaxPool', compileGlobalPool],
  ['Identity', compileSame],
  ['LeakyRelu', compileEachNumber],
  ['LogSoftmax', compileSoftmax],
  ['MatMul', compileMatMul],
  ['MaxPool', compileMaxPool],
  ['Mul', compileArithmetic],
  ['Relu', compileEachNumber],
  ['Reshape', compileReshape],
  ['Sigmoid', compileEachNumber],
  ['Softmax', compileSoftmax],
  ['Squeeze', compileSqueeze],
  ['Sub', compileArithmetic],
  ['Tanh', compileEachNumber],
  ['Transpose', compileTranspose],
  ['Unsqueeze', compileSqueeze],
]);

/** Versions of the operator set whose meaning of these operators is run. */
export const OPSET_MIN = 7;
export const OPSET_MAX = 24;
