import { ATTRIBUTE_TYPE, type AttributeProto, DATA_TYPE, encodeModel, type NodeProto, type TensorProto } from '../model-proto.ts';
import { floatTensor } from '../tensor.ts';

/** A node as tests write it: operator, inputs, attributes (a fraction is a float, `{ float }` any other), what it is called. */
export interface ForeignNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, number | readonly number[] | string | { readonly float: number } | TensorProto>>;
}

export interface ForeignModel {
  readonly shape: readonly (number | string)[];
  readonly nodes: readonly ForeignNode[];
  readonly constants?: readonly TensorProto[];
  readonly opset?: number;
  readonly elemType?: number;
}

/** A model as another tool would write it: its input is `x`, its output that of the last node. */
export function foreignModel({ shape, nodes, constants = [], opset = 17, elemType = DATA_TYPE.float }: ForeignModel): Uint8Array {
  const dim = shape.map((each) => (typeof each === 'string' ? { dimParam: each } : { dimValue: each }));
  const output = nodes.at(-1)?.output ?? '';
  return encodeModel({
    irVersion: 8,
    producerName: 'another tool',
    opsetImport: [{ domain: '', version: opset }],
    graph: {
      name: 'foreign',
      node: nodes.map(protoOf),
      initializer: constants,
      // Files of early tools list their constants as inputs too.
      input: [{ name: 'x', type: { tensorType: { elemType, shape: { dim } } } }, ...constants.map(({ name = '' }) => ({ name }))],
      output: [{ name: output }],
    },
  });
}

export function floats(name: string, dims: readonly number[], values: readonly number[]): TensorProto {
  return floatTensor(name, dims, Float32Array.from(values));
}

export function wholes(name: string, values: readonly number[]): TensorProto {
  return { name, dims: [values.length], dataType: DATA_TYPE.int64, int64Data: values };
}

function protoOf({ operator, inputs, output, domain = '', attributes = {} }: ForeignNode): NodeProto {
  const attribute = Object.entries(attributes).map(([name, value]): AttributeProto => {
    if (typeof value === 'number') return { name, type: ATTRIBUTE_TYPE.int, i: value };
    if (typeof value === 'string') return { name, type: ATTRIBUTE_TYPE.string, s: new TextEncoder().encode(value) };
    if (Array.isArray(value)) return { name, type: ATTRIBUTE_TYPE.ints, ints: value as readonly number[] };
    if ('float' in value) return { name, type: ATTRIBUTE_TYPE.float, f: value.float };
    return { name, type: ATTRIBUTE_TYPE.tensor, t: value as TensorProto };
  });
  return { opType: operator, name: `/${output}`, domain, input: inputs, output: [output], attribute };
}
