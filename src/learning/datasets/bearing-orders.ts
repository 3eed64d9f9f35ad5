import type { Dataset, SampleSet } from './dataset.ts';
import { sampleLength } from './dataset.ts';

/**
 * How a window of a bearing's vibration is put before a network: strikes are searched for in several bands of resonance, the envelope of the band
 * where they stand out most is measured at orders of the shaft's speed, and the speed is found in the window itself (envelope analysis with order
 * tracking; Randall and Antoni 2011, sections 4 and 5). Faults lie at the same orders on every machine and at every speed.
 */

/** Samples that one value of the envelope is the mean of. */
const DECIMATION = 8;
/** Bands of resonance, as parts of the sample rate, and the damping of the ringing that is searched for. */
const BANDS = Array.from({ length: 8 }, (_, at) => 0.2 + 0.02083 * at);
const DAMPING = 0.045;
/** Speeds of the shaft that are tried, in turns a second. */
const SPEED_FROM = 17;
const SPEED_TO = 40;
const SPEED_STEP = 0.25;
/** Orders at which the envelope is measured. */
const ORDERS = Array.from({ length: 63 }, (_, at) => 0.2 + 0.1 * at);
/** Quantiles of the envelope: how high strikes stand out, and how many there are. */
const QUANTILES = [0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1];

/** Numbers that {@link bearingOrders} makes of a window. */
export const BEARING_ORDERS_COUNT = ORDERS.length + QUANTILES.length + 2;
/** Sample rate of the built-in bearing data, Hz. */
export const BEARING_SAMPLE_RATE_HZ = 12_000;
/** Samples of a window of the built-in bearing data: 0.34 s, two to five turns of the cage. In shorter ones its fault may not be struck once. */
export const BEARING_WINDOW_SAMPLES = 4_096;

/** The {@link BEARING_ORDERS_COUNT} numbers of a window of acceleration: the same bits on every machine. */
export function bearingOrders(window: Float32Array, sampleRateHz: number): Float32Array {
  const envelope = clearestEnvelope(window);
  const rateHz = sampleRateHz / DECIMATION;
  const mean = Math.max(1e-12, envelope.reduce((sum, value) => sum + value, 0) / envelope.length);
  const relative = envelope.map((value) => value / mean - 1);
  const { speed, power } = shaftSpeed(decimated(window), rateHz);
  const sorted = relative.toSorted();
  const last = sorted.length - 1;
  return Float32Array.from([
    ...ORDERS.map((order) => Math.sqrt(powerAt(relative, order * speed, rateHz))),
    ...QUANTILES.map((part) => sorted[Math.min(last, Math.floor(part * sorted.length))] as number),
    Math.sqrt(mean),
    Math.sqrt(power),
  ]);
}

/** A data set of windows as one of {@link bearingOrders}. */
export function withBearingOrders(dataset: Dataset): Dataset<Float32Array> {
  const length = sampleLength(dataset);
  const convert = (samples: SampleSet): SampleSet<Float32Array> => {
    const values = new Float32Array(samples.count * BEARING_ORDERS_COUNT);
    for (let sample = 0; sample < samples.count; sample++) {
      const window = Float32Array.from(samples.values.subarray(sample * length, (sample + 1) * length));
      values.set(bearingOrders(window, BEARING_SAMPLE_RATE_HZ), sample * BEARING_ORDERS_COUNT);
    }
    return { ...samples, values };
  };
  const { channelNames: _, ...rest } = dataset;
  return { ...rest, sampleShape: [BEARING_ORDERS_COUNT], train: convert(dataset.train), test: convert(dataset.test) };
}

/** What a filter matched to a ringing gives, in the band where strikes stand out most from the rest (largest kurtosis). */
function clearestEnvelope(window: Float32Array): Float64Array {
  let [best, largest] = [new Float64Array(0), -1];
  for (const band of BANDS) {
    const angle = 2 * Math.PI * band;
    const decay = Math.exp(-angle * DAMPING);
    const [cosine, sine] = [Math.cos(angle) * decay, Math.sin(angle) * decay];
    const scale = 1 - decay * decay;
    const envelope = new Float64Array(Math.floor(window.length / DECIMATION));
    let [real, imaginary, squares, fourths] = [0, 0, 0, 0];
    // Backwards: what rings after a moment is collected at that moment.
    for (let at = envelope.length * DECIMATION - 1; at >= 0; at--) {
      const next = (window[at] as number) + real * cosine - imaginary * sine;
      imaginary = real * sine + imaginary * cosine;
      real = next;
      const power = (real * real + imaginary * imaginary) * scale;
      squares += power;
      fourths += power * power;
      const slot = Math.floor(at / DECIMATION);
      envelope[slot] = (envelope[slot] as number) + Math.sqrt(power) / DECIMATION;
    }
    const clearness = squares === 0 ? 0 : fourths / (squares * squares);
    if (clearness > largest) [best, largest] = [envelope, clearness];
  }
  return best;
}

function decimated(window: Float32Array): Float64Array {
  return Float64Array.from({ length: Math.floor(window.length / DECIMATION) }, (_, slot) => {
    let sum = 0;
    for (let at = slot * DECIMATION; at < (slot + 1) * DECIMATION; at++) sum += window[at] as number;
    return sum / DECIMATION;
  });
}

/** The speed whose first two harmonics are strongest. */
function shaftSpeed(signal: Float64Array, rateHz: number): { readonly speed: number; readonly power: number } {
  let [speed, power] = [SPEED_FROM, -1];
  for (let tried = SPEED_FROM; tried <= SPEED_TO; tried += SPEED_STEP) {
    const found = powerAt(signal, tried, rateHz) + powerAt(signal, 2 * tried, rateHz);
    if (found > power) [speed, power] = [tried, found];
  }
  return { speed, power };
}

/** Squared amplitude of a signal at a frequency. */
function powerAt(signal: Float64Array, frequencyHz: number, rateHz: number): number {
  const angle = (2 * Math.PI * frequencyHz) / rateHz;
  const [turnReal, turnImaginary] = [Math.cos(angle), Math.sin(angle)];
  let [real, imaginary, cosine, sine] = [0, 0, 1, 0];
  for (const value of signal) {
    real += value * cosine;
    imaginary += value * sine;
    const next = cosine * turnReal - sine * turnImaginary;
    sine = sine * turnReal + cosine * turnImaginary;
    cosine = next;
  }
  return (4 * (real * real + imaginary * imaginary)) / (signal.length * signal.length);
}
