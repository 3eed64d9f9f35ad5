import { TreadleError } from '../../errors.ts';
import { ONNX_FILE_BYTES_MAX, ONNX_RANK_MAX } from '../../limits.ts';
import { DATA_TYPE, type TensorProto, toNumber } from './model-proto.ts';

/** A tensor that the file holds. Whole numbers (shapes, axes) stay exact. */
export interface Tensor {
  readonly dims: readonly number[];
  readonly values: Float32Array | Float64Array;
  readonly whole: boolean;
}

/** How many numbers a tensor of these dimensions has. */
export function countOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Single-precision numbers as the file holds them. */
export function floatTensor(name: string, dims: readonly number[], values: Float32Array): TensorProto {
  const rawData = new Uint8Array(4 * values.length);
  const view = new DataView(rawData.buffer);
  for (let at = 0; at < values.length; at++) view.setFloat32(4 * at, values[at] as number, true);
  return { name, dims, dataType: DATA_TYPE.float, rawData };
}

/** @throws TreadleError ONNX_GRAPH_INVALID | ONNX_UNSUPPORTED */
export function readTensor(tensor: TensorProto, what: string): Tensor {
  const dims = (tensor.dims ?? []).map(toNumber);
  const count = countOf(dims);
  if (dims.length > ONNX_RANK_MAX || dims.some((dim) => !Number.isSafeInteger(dim) || dim < 0)) {
    invalid(`The dimensions of ${what} are not up to ${ONNX_RANK_MAX} whole numbers`);
  }
  // No type takes less than a byte for a number: what would be larger than its file is damage.
  if (count > ONNX_FILE_BYTES_MAX) invalid(`The dimensions of ${what} are larger than any file`);
  if ((tensor.dataLocation ?? 0) !== 0) {
    throw new TreadleError('ONNX_UNSUPPORTED', { detail: `The numbers of ${what} lie in another file` });
  }
  const type = tensor.dataType ?? 0;
  const layout = LAYOUTS[type];
  if (layout === undefined) {
    throw new TreadleError('ONNX_UNSUPPORTED', {
      detail: `The numbers of ${what} are of the type ${type}; float, double, float16, int32 and int64 are read`,
    });
  }
  const values = layout.whole ? new Float64Array(count) : new Float32Array(count);
  fill(values, tensor, layout, what);
  return { dims, values, whole: layout.whole };
}

interface Layout {
  readonly bytes: number;
  readonly whole: boolean;
  readonly read: (view: DataView, at: number) => number;
  readonly listed: (tensor: TensorProto) => readonly (number | { toNumber(): number })[];
}

const LAYOUTS: Readonly<Record<number, Layout>> = {
  [DATA_TYPE.float]: {
    bytes: 4,
    whole: false,
    read: (view, at) => view.getFloat32(at, true),
    listed: (tensor) => tensor.floatData ?? [],
  },
  [DATA_TYPE.double]: {
    bytes: 8,
    whole: false,
    read: (view, at) => view.getFloat64(at, true),
    listed: (tensor) => tensor.doubleData ?? [],
  },
  [DATA_TYPE.float16]: {
    bytes: 2,
    whole: false,
    read: (view, at) => fromHalf(view.getUint16(at, true)),
    listed: (tensor) => (tensor.int32Data ?? []).map(fromHalf),
  },
  [DATA_TYPE.int32]: {
    bytes: 4,
    whole: true,
    read: (view, at) => view.getInt32(at, true),
    listed: (tensor) => tensor.int32Data ?? [],
  },
  [DATA_TYPE.int64]: {
    bytes: 8,
    whole: true,
    read: (view, at) => Number(view.getBigInt64(at, true)),
    listed: (tensor) => tensor.int64Data ?? [],
  },
};

function fill(values: Float32Array | Float64Array, tensor: TensorProto, layout: Layout, what: string): void {
  const raw = tensor.rawData;
  if (raw !== undefined && raw.length > 0) {
    if (raw.length !== values.length * layout.bytes) {
      invalid(`${what} has ${raw.length} bytes, its dimensions need ${values.length * layout.bytes}`);
    }
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    for (let at = 0; at < values.length; at++) values[at] = layout.read(view, at * layout.bytes);
    return;
  }
  const listed = layout.listed(tensor);
  if (listed.length !== values.length) invalid(`${what} has ${listed.length} numbers, its dimensions need ${values.length}`);
  for (let at = 0; at < values.length; at++) values[at] = toNumber(listed[at]);
}

/** IEEE 754 half precision. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function invalid(detail: string): never {
  throw new TreadleError('ONNX_GRAPH_INVALID', { detail });
}
