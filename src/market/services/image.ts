import { badInput } from './samples.ts';

/** Pixels as they are: one byte each, channel after channel, row after row. */
export const RAW_IMAGE_MEDIA_TYPE = 'application/octet-stream';
/** Netpbm: P5 (grey) and P6 (red, green, blue) with 8 bits, as most tools can write them. */
export const NETPBM_MEDIA_TYPE = 'image/x-portable-anymap';

/** Numbers in the header of a Netpbm file take no more characters than this, with room for comments. */
const HEADER_BYTES_MAX = 1_024;

/**
 * Reads an image for a model: channel, row, column, values 0 to 255.
 *
 * @param shape - channels, rows and columns that the model takes
 * @throws TreadleError SERVICE_INPUT_INVALID
 */
export function decodeImage(bytes: Uint8Array, mediaType: string, shape: readonly number[]): Float32Array {
  const [channels = 1, height = 1, width = 1] = shape;
  const count = channels * height * width;
  const size = `${channels} x ${height} x ${width}`;
  if (mediaType === RAW_IMAGE_MEDIA_TYPE) {
    if (bytes.length !== count) throw badInput(`an image of ${size} takes ${count} bytes, there are ${bytes.length}`);
    return Float32Array.from(bytes);
  }
  const { kind, numbers, from } = netpbmHeader(bytes);
  const [columns, rows, largest] = numbers as [number, number, number];
  const found = kind === 'P5' ? 1 : 3;
  if (found !== channels || rows !== height || columns !== width) {
    throw badInput(`the model takes images of ${size}, this one is ${found} x ${rows} x ${columns}`);
  }
  if (largest !== 255) throw badInput(`the largest value must be 255, not ${largest}`);
  if (bytes.length !== from + count) throw badInput(`the pixels take ${count} bytes, there are ${bytes.length - from}`);
  const pixels = new Float32Array(count);
  const area = height * width;
  for (let at = 0; at < count; at++) pixels[(at % channels) * area + Math.floor(at / channels)] = bytes[from + at] as number;
  return pixels;
}

interface NetpbmHeader {
  readonly kind: 'P5' | 'P6';
  /** Columns, rows, largest value. */
  readonly numbers: readonly number[];
  /** Where the pixels begin. */
  readonly from: number;
}

function netpbmHeader(bytes: Uint8Array): NetpbmHeader {
  const text = String.fromCharCode(...bytes.subarray(0, HEADER_BYTES_MAX));
  const blank = '(?:\\s|#[^\\n]*\\n)+';
  const match = new RegExp(`^(P[56])${blank}(\\d{1,6})${blank}(\\d{1,6})${blank}(\\d{1,6})\\s`).exec(text);
  if (match === null) throw badInput('the image is no Netpbm file of the kind P5 or P6');
  return { kind: match[1] as 'P5' | 'P6', numbers: match.slice(2).map(Number), from: match[0].length };
}
