import { type Iso10816Zone, iso10816Zone, type MachineGroup, type MachineSupport } from './iso-10816.ts';
import { momentsOf } from './moments.ts';
import { type PowerSpectrum, powerSpectrum } from './power-spectrum.ts';
import { badInput, decodeSamples, JSON_MEDIA_TYPE, SAMPLES_MEDIA_TYPE, type SampleWindow } from './samples.ts';
import type { Service } from './service.ts';
import { type SpectralPeak, spectralPeaks } from './spectral-peaks.ts';

/** Standard gravity, m/s2. */
const STANDARD_GRAVITY = 9.80665;
const BAND_FROM_HZ = 10;
const BAND_TO_HZ = 1000;
/** Samples of one axis: fewer say nothing of a spectrum, more are split into windows by the sender. */
const SAMPLES_MIN = 64;
const SAMPLES_MAX = 65_536;
/** Two periods of the band's lower edge. */
const SECONDS_MIN = 0.2;
const SAMPLE_RATE_HZ_MIN = 100;
const SAMPLE_RATE_HZ_MAX = 200_000;
const PEAKS_MAX = 32;

export interface VibrationParameters {
  /** Dominant frequencies per axis, 1 to 32. Default 5. */
  readonly peaks: number;
  /** Machine group of ISO 10816-3. Default 2. */
  readonly machineGroup: MachineGroup;
  /** Support of the machine. Default `rigid`. */
  readonly support: MachineSupport;
}

export interface AxisReport {
  readonly accelerationRmsMPerS2: number;
  readonly accelerationPeakMPerS2: number;
  readonly crestFactor: number | null;
  readonly kurtosis: number | null;
  /** Velocity in the band, by integration in the frequency domain. */
  readonly velocityRmsMmPerS: number;
  /** Strongest first; amplitude in m/s2. */
  readonly dominant: readonly SpectralPeak[];
}

export interface VibrationReport {
  readonly sampleRateHz: number;
  readonly samples: number;
  /** The part of 10 Hz to 1 kHz that the sample rate covers. */
  readonly bandHz: readonly [number, number];
  readonly axes: readonly AxisReport[];
  /** The largest of the axes. */
  readonly velocityRmsMmPerS: number;
  readonly iso10816: { readonly group: MachineGroup; readonly support: MachineSupport; readonly zone: Iso10816Zone };
}

/** Analyses a window of accelerometer samples. @throws TreadleError SERVICE_INPUT_INVALID */
export function analyseVibration(window: SampleWindow, parameters: VibrationParameters): VibrationReport {
  const samples = window.axes[0]?.length ?? 0;
  checkWindow(window.sampleRateHz, samples);
  const scale = window.unit === 'g' ? STANDARD_GRAVITY : 1;
  const axes = window.axes.map((axis) =>
    analyseAxis(axis, { scale, sampleRateHz: window.sampleRateHz, peaks: parameters.peaks }),
  );
  const velocityRmsMmPerS = Math.max(...axes.map((axis) => axis.velocityRmsMmPerS));
  const { machineGroup: group, support } = parameters;
  return {
    sampleRateHz: window.sampleRateHz,
    samples,
    bandHz: [BAND_FROM_HZ, Math.min(BAND_TO_HZ, window.sampleRateHz / 2)],
    axes,
    velocityRmsMmPerS,
    iso10816: { group, support, zone: iso10816Zone(velocityRmsMmPerS, group, support) },
  };
}

function checkWindow(sampleRateHz: number, samples: number): void {
  if (sampleRateHz < SAMPLE_RATE_HZ_MIN || sampleRateHz > SAMPLE_RATE_HZ_MAX) {
    throw badInput(`the sample rate must be ${SAMPLE_RATE_HZ_MIN} to ${SAMPLE_RATE_HZ_MAX} Hz, not ${sampleRateHz}`);
  }
  if (samples < SAMPLES_MIN || samples > SAMPLES_MAX) {
    throw badInput(`an axis must have ${SAMPLES_MIN} to ${SAMPLES_MAX} samples, not ${samples}`, { samples });
  }
  if (samples / sampleRateHz < SECONDS_MIN) {
    throw badInput(`the window must last at least ${SECONDS_MIN} s (two periods of 10 Hz), not ${samples / sampleRateHz} s`);
  }
}

function analyseAxis(
  axis: Float32Array,
  options: { readonly scale: number; readonly sampleRateHz: number; readonly peaks: number },
): AxisReport {
  const moments = momentsOf(axis, options.scale);
  const spectrum = powerSpectrum(moments.centred, options.sampleRateHz, 'hann');
  return {
    accelerationRmsMPerS2: moments.rms,
    accelerationPeakMPerS2: moments.peak,
    crestFactor: moments.crestFactor,
    kurtosis: moments.kurtosis,
    velocityRmsMmPerS: velocityRms(spectrum) * 1000,
    dominant: moments.kurtosis === null ? [] : spectralPeaks(spectrum, options.peaks),
  };
}

/** Velocity r.m.s. in the band, in m/s: a sine of acceleration a at frequency f has velocity a / (2 pi f). */
function velocityRms({ power, binHz }: PowerSpectrum): number {
  let square = 0;
  const last = Math.min(power.length - 1, Math.floor(BAND_TO_HZ / binHz));
  for (let bin = Math.ceil(BAND_FROM_HZ / binHz); bin <= last; bin++) {
    square += (power[bin] as number) / (2 * Math.PI * bin * binHz) ** 2;
  }
  return Math.sqrt(square);
}

/** Reads the parameters of a task, with their defaults. @throws TreadleError SERVICE_INPUT_INVALID */
export function vibrationParameters(given: Readonly<Record<string, unknown>>): VibrationParameters {
  const { peaks = 5, machineGroup = 2, support = 'rigid', ...unknown } = given;
  const strangers = Object.keys(unknown);
  if (strangers.length > 0)
    throw badInput(`unknown parameter ${JSON.stringify(strangers[0]?.slice(0, 40))}; known: peaks, machineGroup, support`);
  if (typeof peaks !== 'number' || !Number.isInteger(peaks) || peaks < 1 || peaks > PEAKS_MAX) {
    throw badInput(`peaks must be an integer from 1 to ${PEAKS_MAX}`);
  }
  if (machineGroup !== 1 && machineGroup !== 2) throw badInput('machineGroup must be 1 or 2 (ISO 10816-3)');
  if (support !== 'rigid' && support !== 'flexible') throw badInput('support must be "rigid" or "flexible"');
  return { peaks, machineGroup, support };
}

/** The service `vibration.spectrum`: a window of accelerometer samples in, a {@link VibrationReport} as JSON out. */
export const vibrationSpectrum: Service = {
  name: 'vibration.spectrum',
  inputMediaTypes: [SAMPLES_MEDIA_TYPE, JSON_MEDIA_TYPE],
  outputMediaType: JSON_MEDIA_TYPE,
  inputBytesMax: 1024 * 1024,
  outputBytesMax: 64 * 1024,
  // The transform is n log n, but reading and weighting the samples dominates: the cost is counted by the KiB of input.
  cost: ({ bytes }) => ({ operation: 'service.vibration.spectrum', units: Math.max(1, Math.ceil(bytes.length / 1024)) }),
  run({ bytes, mediaType, parameters }) {
    const report = analyseVibration(decodeSamples(bytes, mediaType), vibrationParameters(parameters));
    return new TextEncoder().encode(JSON.stringify(report));
  },
};
