import protobuf from 'protobufjs/light.js';

/** One field: type, number; `[]` for a list, `packed` for a list of numbers without a tag each. */
type Field = readonly [type: string, id: number, rule?: '[]' | 'packed'];

/**
 * The parts of the format that are read and written (https://onnx.ai/onnx/repo-docs/IR.html). What is left out, such as graphs
 * within attributes, is skipped when it is read. Enumerations are plain numbers.
 */
const MESSAGES: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  ModelProto: {
    irVersion: ['int64', 1],
    producerName: ['string', 2],
    producerVersion: ['string', 3],
    domain: ['string', 4],
    modelVersion: ['int64', 5],
    docString: ['string', 6],
    graph: ['GraphProto', 7],
    opsetImport: ['OperatorSetIdProto', 8, '[]'],
    metadataProps: ['StringStringEntryProto', 14, '[]'],
  },
  OperatorSetIdProto: { domain: ['string', 1], version: ['int64', 2] },
  StringStringEntryProto: { key: ['string', 1], value: ['string', 2] },
  GraphProto: {
    node: ['NodeProto', 1, '[]'],
    name: ['string', 2],
    initializer: ['TensorProto', 5, '[]'],
    docString: ['string', 10],
    input: ['ValueInfoProto', 11, '[]'],
    output: ['ValueInfoProto', 12, '[]'],
  },
  NodeProto: {
    input: ['string', 1, '[]'],
    output: ['string', 2, '[]'],
    name: ['string', 3],
    opType: ['string', 4],
    attribute: ['AttributeProto', 5, '[]'],
    domain: ['string', 7],
  },
  AttributeProto: {
    name: ['string', 1],
    f: ['float', 2],
    i: ['int64', 3],
    s: ['bytes', 4],
    t: ['TensorProto', 5],
    floats: ['float', 7, '[]'],
    ints: ['int64', 8, '[]'],
    type: ['int32', 20],
  },
  TensorProto: {
    dims: ['int64', 1, '[]'],
    dataType: ['int32', 2],
    floatData: ['float', 4, 'packed'],
    int32Data: ['int32', 5, 'packed'],
    int64Data: ['int64', 7, 'packed'],
    name: ['string', 8],
    rawData: ['bytes', 9],
    doubleData: ['double', 10, 'packed'],
    dataLocation: ['int32', 14],
  },
  ValueInfoProto: { name: ['string', 1], type: ['TypeProto', 2], docString: ['string', 3] },
  TypeProto: { tensorType: ['TensorTypeProto', 1] },
  TensorTypeProto: { elemType: ['int32', 1], shape: ['TensorShapeProto', 2] },
  TensorShapeProto: { dim: ['DimensionProto', 1, '[]'] },
  DimensionProto: { dimValue: ['int64', 1], dimParam: ['string', 2] },
};

/** The codec of a whole model. */
export const MODEL_CODEC: protobuf.Type = codec();

function codec(): protobuf.Type {
  // The second edition of the format knows whether a field is there: an attribute of 0 is written, as other readers want it.
  const edition = 'proto2';
  const nested = Object.fromEntries(
    Object.entries(MESSAGES).map(([name, fields]) => [
      name,
      { edition, fields: Object.fromEntries(Object.entries(fields).map(([field, of]) => [field, described(of)])) },
    ]),
  );
  const root = protobuf.Root.fromJSON({ nested: { onnx: { nested, edition } } } as protobuf.INamespace);
  root.resolveAll();
  return root.lookupType('onnx.ModelProto');
}

function described([type, id, rule]: Field): protobuf.IField {
  return {
    type,
    id,
    ...(rule && { rule: 'repeated' }),
    ...(rule === 'packed' && { options: { packed: true } }),
  } as protobuf.IField;
}
