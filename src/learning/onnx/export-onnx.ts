import { TreadleError } from '../../errors.ts';
import type { LayerDescription, NetworkDescription, Shape } from '../engine/index.ts';
import { buildLayers } from '../engine/layers/build-layers.ts';
import { digestOfWeights } from '../federated/weights.ts';
import { type ModelNotes, notesToMetadata } from './metadata.ts';
import {
  ATTRIBUTE_TYPE,
  type AttributeProto,
  DATA_TYPE,
  encodeModel,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './model-proto.ts';
import { floatTensor } from './tensor.ts';

/** The operator set that is written: every runtime since 2020 reads it. */
export const EXPORT_OPSET = 13;
const EXPORT_IR_VERSION = 7;
/** What batch norm of the engine adds to the variance. */
const BATCH_NORM_EPSILON = 1e-5;

export interface ExportOptions extends Omit<ModelNotes, 'weightsDigest'> {
  readonly description: NetworkDescription;
  /** All weights of the network, as `Network.copyWeights()` gives them. */
  readonly weights: Float32Array;
}

/**
 * A trained network as an ONNX model: input `input` of (batch, channels, height, width), any batch; output `scores`, and
 * `probabilities` (their softmax) when the classes have names. The same network gives the same bytes.
 *
 * @throws TreadleError LEARNING_NETWORK_INVALID | LEARNING_BATCH_INVALID when there are not as many weights or classes as the
 *   network has
 */
export function exportOnnx({ description, weights, ...notes }: ExportOptions): Uint8Array {
  const built = buildLayers(description);
  const parameterCount = built.reduce((sum, layer) => sum + layer.parameterCount, 0);
  const weightCount = built.reduce((sum, layer) => sum + layer.statisticCount, parameterCount);
  const units = built.at(-1)?.output.channels ?? 0;
  if (weights.length !== weightCount) {
    mismatch(`${description.name} has ${weightCount} weights, ${weights.length} were given`);
  }
  if (notes.classNames !== undefined && notes.classNames.length !== units) {
    mismatch(`${description.name} knows ${units} classes, ${notes.classNames.length} names were given`);
  }
  const graph = writeGraph(description, weights, parameterCount);
  const output: ValueInfoProto[] = [tensorInfo('scores', [units])];
  if (notes.classNames !== undefined) {
    graph.nodes.push(node('Softmax', 'softmax', ['scores'], 'probabilities', [int('axis', 1)]));
    output.push(tensorInfo('probabilities', [units]));
  }
  const { channels, height, width } = description.input;
  return encodeModel({
    irVersion: EXPORT_IR_VERSION,
    producerName: 'treadle',
    opsetImport: [{ domain: '', version: EXPORT_OPSET }],
    graph: {
      name: description.name,
      node: graph.nodes,
      initializer: graph.tensors,
      input: [tensorInfo('input', [channels, height, width])],
      output,
    },
    metadataProps: notesToMetadata({ ...notes, weightsDigest: digestOfWeights(weights) }),
  });
}

interface Written {
  readonly nodes: NodeProto[];
  readonly tensors: TensorProto[];
}

/** Walks the layers as they are described: what the engine does in one step stays two nodes. */
function writeGraph(description: NetworkDescription, weights: Float32Array, parameterCount: number): Written {
  const written: Written = { nodes: [], tensors: [] };
  let [parameter, statistic] = [0, parameterCount];
  const take = (count: number) => {
    parameter += count;
    return weights.subarray(parameter - count, parameter);
  };
  const takeStatistics = (count: number) => {
    statistic += count;
    return weights.subarray(statistic - count, statistic);
  };
  const constant = (name: string, dims: readonly number[], values: Float32Array) => {
    written.tensors.push(floatTensor(name, dims, values));
    return name;
  };
  let [value, flat, shape] = ['input', false, description.input];
  const add = (operator: string, name: string, constants: readonly string[], attributes: readonly AttributeProto[] = []) => {
    written.nodes.push(node(operator, name, [value, ...constants], `${name}.out`, attributes));
    value = `${name}.out`;
  };
  const flatten = (name: string) => {
    if (!flat) add('Flatten', name, [], [int('axis', 1)]);
    flat = true;
    shape = { channels: shape.channels * shape.height * shape.width, height: 1, width: 1 };
  };
  for (const [at, layer] of description.layers.entries()) {
    const name = `${layer.type}${at + 1}`;
    switch (layer.type) {
      case 'convolution': {
        const { channels, kernel, padding = 0 } = layer;
        const dims = [channels, shape.channels, kernel, kernel];
        const weight = constant(`${name}.weight`, dims, take(channels * shape.channels * kernel * kernel));
        const bias = constant(`${name}.bias`, [channels], take(channels));
        const pads = [padding, padding, padding, padding];
        add('Conv', name, [weight, bias], [ints('kernel_shape', [kernel, kernel]), ints('pads', pads), ints('strides', [1, 1])]);
        break;
      }
      case 'batchNorm': {
        const { channels } = shape;
        const names = [
          constant(`${name}.scale`, [channels], take(channels)),
          constant(`${name}.shift`, [channels], take(channels)),
          constant(`${name}.mean`, [channels], takeStatistics(channels)),
          constant(`${name}.variance`, [channels], takeStatistics(channels)),
        ];
        add('BatchNormalization', name, names, [float('epsilon', BATCH_NORM_EPSILON)]);
        break;
      }
      case 'relu':
        add('Relu', name, []);
        break;
      case 'maxPool':
        add('MaxPool', name, [], [ints('kernel_shape', [2, 2]), ints('strides', [2, 2])]);
        break;
      case 'flatten':
        flatten(name);
        break;
      case 'dense': {
        flatten(`${name}.flatten`);
        const weight = constant(`${name}.weight`, [layer.units, shape.channels], take(layer.units * shape.channels));
        const bias = constant(`${name}.bias`, [layer.units], take(layer.units));
        add('Gemm', name, [weight, bias], [int('transB', 1)]);
        break;
      }
    }
    shape = shapeAfter(layer, shape);
  }
  flatten('flatten.last');
  const last = written.nodes.pop() as NodeProto;
  written.nodes.push({ ...last, output: ['scores'] });
  return written;
}

function shapeAfter(layer: LayerDescription, { channels, height, width }: Shape): Shape {
  switch (layer.type) {
    case 'convolution': {
      const less = layer.kernel - 1 - 2 * (layer.padding ?? 0);
      return { channels: layer.channels, height: height - less, width: width - less };
    }
    case 'maxPool':
      return { channels, height: height >> 1, width: width >> 1 };
    case 'dense':
      return { channels: layer.units, height: 1, width: 1 };
    default:
      return { channels, height, width };
  }
}

function node(
  opType: string,
  name: string,
  input: readonly string[],
  output: string,
  attribute: readonly AttributeProto[],
): NodeProto {
  return { opType, name, input, output: [output], attribute };
}

const int = (name: string, i: number): AttributeProto => ({ name, i, type: ATTRIBUTE_TYPE.int });
const float = (name: string, f: number): AttributeProto => ({ name, f, type: ATTRIBUTE_TYPE.float });
const ints = (name: string, values: readonly number[]): AttributeProto => ({ name, ints: values, type: ATTRIBUTE_TYPE.ints });

function tensorInfo(name: string, shape: readonly number[]): ValueInfoProto {
  const dim = [{ dimParam: 'batch' }, ...shape.map((dimValue) => ({ dimValue }))];
  return { name, type: { tensorType: { elemType: DATA_TYPE.float, shape: { dim } } } };
}

function mismatch(detail: string): never {
  throw new TreadleError('LEARNING_BATCH_INVALID', { detail });
}
