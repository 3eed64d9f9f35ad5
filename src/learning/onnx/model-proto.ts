import { TreadleError } from '../../errors.ts';
import { ONNX_FILE_BYTES_MAX } from '../../limits.ts';
import './errors.ts';
import { MODEL_CODEC } from './onnx-schema.ts';

/** A whole number of 64 bits as the codec gives it. */
export type Whole = number | { toNumber(): number };

export interface TensorProto {
  readonly name?: string;
  readonly dims?: readonly Whole[];
  readonly dataType?: number;
  readonly floatData?: readonly number[];
  readonly int32Data?: readonly number[];
  readonly int64Data?: readonly Whole[];
  readonly doubleData?: readonly number[];
  readonly rawData?: Uint8Array;
  readonly dataLocation?: number;
}

export interface AttributeProto {
  readonly name: string;
  readonly type?: number;
  readonly f?: number;
  readonly i?: Whole;
  readonly s?: Uint8Array;
  readonly t?: TensorProto | null;
  readonly floats?: readonly number[];
  readonly ints?: readonly Whole[];
}

export interface NodeProto {
  readonly name?: string;
  readonly opType: string;
  readonly domain?: string;
  readonly input?: readonly string[];
  readonly output: readonly string[];
  readonly attribute?: readonly AttributeProto[];
}

export interface ValueInfoProto {
  readonly name: string;
  readonly docString?: string;
  readonly type?: {
    readonly tensorType?: {
      readonly elemType?: number;
      readonly shape?: { readonly dim?: readonly { readonly dimValue?: Whole; readonly dimParam?: string }[] } | null;
    } | null;
  } | null;
}

export interface GraphProto {
  readonly name?: string;
  readonly docString?: string;
  readonly node: readonly NodeProto[];
  readonly initializer?: readonly TensorProto[];
  readonly input: readonly ValueInfoProto[];
  readonly output: readonly ValueInfoProto[];
}

export interface ModelProto {
  readonly irVersion: Whole;
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly graph: GraphProto;
  readonly opsetImport: readonly { readonly domain?: string; readonly version: Whole }[];
  readonly metadataProps?: readonly { readonly key: string; readonly value: string }[];
}

/** Types of tensors (`TensorProto.DataType`). */
export const DATA_TYPE = { float: 1, int32: 6, int64: 7, float16: 10, double: 11 } as const;
/** Types of attributes (`AttributeProto.AttributeType`). */
export const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7 } as const;

/** The number, as far as a number holds it exactly; beyond that no size or position in a model makes sense. */
export function toNumber(value: Whole | undefined): number {
  if (value === undefined) return 0;
  return typeof value === 'number' ? value : value.toNumber();
}

export function encodeModel(model: ModelProto): Uint8Array {
  return new Uint8Array(MODEL_CODEC.encode(model as unknown as Record<string, unknown>).finish());
}

/** @throws TreadleError ONNX_FILE_INVALID | ONNX_TOO_LARGE */
export function decodeModel(bytes: Uint8Array): ModelProto {
  if (bytes.length > ONNX_FILE_BYTES_MAX) {
    throw new TreadleError('ONNX_TOO_LARGE', {
      detail: `The file has ${bytes.length} bytes; files of up to ${ONNX_FILE_BYTES_MAX} are read`,
    });
  }
  const model = decoded(bytes);
  if (!model.graph || model.graph.node.length === 0 || model.opsetImport.length === 0) {
    throw new TreadleError('ONNX_FILE_INVALID', { detail: 'The file holds no graph, or does not name its operator set' });
  }
  return model;
}

function decoded(bytes: Uint8Array): ModelProto {
  try {
    return MODEL_CODEC.decode(bytes) as unknown as ModelProto;
  } catch (cause) {
    throw new TreadleError('ONNX_FILE_INVALID', { cause });
  }
}
