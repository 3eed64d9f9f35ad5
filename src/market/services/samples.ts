import { TreadleError } from '../../errors.ts';

/** Media type of the binary layout of a window of samples. */
export const SAMPLES_MEDIA_TYPE = 'application/vnd.treadle.samples+f32';
export const JSON_MEDIA_TYPE = 'application/json';

export type AccelerationUnit = 'm/s2' | 'g';

/** A window of accelerometer samples: one list per axis, all of one length. */
export interface SampleWindow {
  readonly sampleRateHz: number;
  readonly unit: AccelerationUnit;
  readonly axes: readonly Float32Array[];
}

const MAGIC = [0x54, 0x53, 0x46, 0x31]; // "TSF1"
export const SAMPLES_HEADER_BYTES = 20;
const UNITS: readonly AccelerationUnit[] = ['m/s2', 'g'];
export const SAMPLE_AXES_MAX = 8;

/** Refuses an input with a reason. */
export function badInput(detail: string, data: Record<string, unknown> = {}): TreadleError {
  return new TreadleError('SERVICE_INPUT_INVALID', { detail, data });
}

/**
 * Writes a window as {@link SAMPLES_MEDIA_TYPE}. All numbers are little-endian: "TSF1" (4 bytes), sample rate in Hz
 * (float64), axes (uint8), unit (uint8: 0 = m/s2, 1 = g), reserved (uint16 = 0), samples per axis (uint32), then the
 * samples as float32, axis after axis within each instant.
 */
export function encodeSamples(window: SampleWindow): Uint8Array {
  const samples = window.axes[0]?.length ?? 0;
  const bytes = new Uint8Array(SAMPLES_HEADER_BYTES + 4 * samples * window.axes.length);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC, 0);
  view.setFloat64(4, window.sampleRateHz, true);
  view.setUint8(12, window.axes.length);
  view.setUint8(13, UNITS.indexOf(window.unit));
  view.setUint32(16, samples, true);
  let at = SAMPLES_HEADER_BYTES;
  for (let index = 0; index < samples; index++) {
    for (const axis of window.axes) {
      view.setFloat32(at, axis[index] ?? Number.NaN, true);
      at += 4;
    }
  }
  return bytes;
}

/**
 * Reads a window in either media type.
 * @throws TreadleError SERVICE_INPUT_INVALID, naming what is wrong and where
 */
export function decodeSamples(bytes: Uint8Array, mediaType: string): SampleWindow {
  const window = mediaType === SAMPLES_MEDIA_TYPE ? decodeBinary(bytes) : decodeJson(bytes);
  if (!Number.isFinite(window.sampleRateHz) || window.sampleRateHz <= 0) {
    throw badInput(`the sample rate must be a positive number of Hz, not ${window.sampleRateHz}`);
  }
  for (const [axis, samples] of window.axes.entries()) {
    const bad = samples.findIndex((sample) => !Number.isFinite(sample));
    if (bad !== -1) throw badInput(`sample ${bad} of axis ${axis} is not a finite number`, { axis, sample: bad });
  }
  return window;
}

function decodeBinary(bytes: Uint8Array): SampleWindow {
  if (bytes.length < SAMPLES_HEADER_BYTES)
    throw badInput(`the header takes ${SAMPLES_HEADER_BYTES} bytes, there are ${bytes.length}`);
  if (MAGIC.some((byte, at) => bytes[at] !== byte)) throw badInput('the window does not start with "TSF1"');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const axisCount = view.getUint8(12);
  const unit = UNITS[view.getUint8(13)];
  const samples = view.getUint32(16, true);
  if (axisCount < 1 || axisCount > SAMPLE_AXES_MAX) throw badInput(`a window has 1 to ${SAMPLE_AXES_MAX} axes, not ${axisCount}`);
  if (unit === undefined) throw badInput(`unit ${view.getUint8(13)} is unknown: 0 is m/s2, 1 is g`);
  if (view.getUint16(14, true) !== 0) throw badInput('the reserved bytes 14 and 15 must be zero');
  const expected = SAMPLES_HEADER_BYTES + 4 * axisCount * samples;
  if (bytes.length !== expected) {
    throw badInput(`${samples} samples of ${axisCount} axes take ${expected} bytes, there are ${bytes.length}`);
  }
  const axes = Array.from({ length: axisCount }, () => new Float32Array(samples));
  let at = SAMPLES_HEADER_BYTES;
  for (let index = 0; index < samples; index++) {
    for (const axis of axes) {
      axis[index] = view.getFloat32(at, true);
      at += 4;
    }
  }
  return { sampleRateHz: view.getFloat64(4, true), unit, axes };
}

const JSON_KEYS = ['sampleRateHz', 'unit', 'axes'];

function decodeJson(bytes: Uint8Array): SampleWindow {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw badInput('the input is not JSON in UTF-8');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badInput('the JSON input must be an object');
  const unknownKey = Object.keys(value).find((key) => !JSON_KEYS.includes(key));
  if (unknownKey !== undefined)
    throw badInput(`unknown key ${JSON.stringify(unknownKey.slice(0, 40))}; known: ${JSON_KEYS.join(', ')}`);
  const { sampleRateHz, unit = 'm/s2', axes } = value as { sampleRateHz?: unknown; unit?: unknown; axes?: unknown };
  if (typeof sampleRateHz !== 'number') throw badInput('sampleRateHz must be a number');
  if (unit !== 'm/s2' && unit !== 'g') throw badInput('unit must be "m/s2" or "g"');
  if (!Array.isArray(axes) || axes.length < 1 || axes.length > SAMPLE_AXES_MAX) {
    throw badInput(`axes must be a list of 1 to ${SAMPLE_AXES_MAX} lists of numbers`);
  }
  const lists = axes.map((axis: unknown, index) => jsonAxis(axis, index));
  const length = lists[0]?.length ?? 0;
  if (lists.some((axis) => axis.length !== length)) throw badInput('all axes must have the same number of samples');
  return { sampleRateHz, unit, axes: lists };
}

function jsonAxis(axis: unknown, index: number): Float32Array {
  if (!Array.isArray(axis) || axis.some((sample) => typeof sample !== 'number'))
    throw badInput(`axis ${index} must be a list of numbers`);
  return Float32Array.from(axis as number[]);
}
