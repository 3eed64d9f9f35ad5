import { type ClassShare, largestShares, type ModelUse, modelLoader, type PredictionModel } from './prediction-model.ts';
import { badInput, decodeSamples, JSON_MEDIA_TYPE, SAMPLES_MEDIA_TYPE, type SampleWindow } from './samples.ts';
import type { Service } from './service.ts';

/** Standard gravity, m/s2. */
const STANDARD_GRAVITY = 9.80665;
/** By how much the sample rate may differ from that of the training: fault frequencies move with it. */
const SAMPLE_RATE_TOLERANCE = 0.01;

/** What `vibration.diagnose` answers. */
export interface DiagnosisReport {
  /** Digest of the model that was run. */
  readonly model: string;
  readonly sampleRateHz: number;
  /** Windows of the model's length that the samples were cut into; what is left over is not looked at. */
  readonly windows: number;
  /** The mean over the windows, most likely first. */
  readonly states: readonly ClassShare[];
  /** The most likely state of each window, in their order. */
  readonly course: readonly string[];
}

/**
 * The service `vibration.diagnose`: accelerometer samples in, a {@link DiagnosisReport} as JSON out. The same model and
 * samples give the same bytes on every node.
 */
export function vibrationDiagnose(use: ModelUse): Service {
  const model = modelLoader(use);
  return {
    name: 'vibration.diagnose',
    inputMediaTypes: [SAMPLES_MEDIA_TYPE, JSON_MEDIA_TYPE],
    outputMediaType: JSON_MEDIA_TYPE,
    inputBytesMax: 1024 * 1024,
    outputBytesMax: 64 * 1024,
    cost: ({ bytes }) => ({ operation: 'service.vibration.diagnose', units: Math.max(1, Math.ceil(bytes.length / 1024)) }),
    async run({ bytes, mediaType, parameters }) {
      const [stranger] = Object.keys(parameters);
      if (stranger !== undefined) throw badInput(`unknown parameter ${JSON.stringify(stranger.slice(0, 40))}; there are none`);
      const report = diagnose(await model(), decodeSamples(bytes, mediaType));
      return new TextEncoder().encode(JSON.stringify({ model: use.digest, ...report }));
    },
  };
}

/** @throws TreadleError SERVICE_INPUT_INVALID when the window does not suit the model */
function diagnose(model: PredictionModel, window: SampleWindow): Omit<DiagnosisReport, 'model'> {
  const [channels = 1, ...rest] = model.inputShape;
  const length = rest.reduce((product, each) => product * each, 1);
  const samples = window.axes[0]?.length ?? 0;
  const { sampleRateHz = window.sampleRateHz } = model;
  if (Math.abs(window.sampleRateHz / sampleRateHz - 1) > SAMPLE_RATE_TOLERANCE) {
    throw badInput(`the model was trained on ${sampleRateHz} samples a second, the window has ${window.sampleRateHz}`);
  }
  if (window.axes.length !== channels) throw badInput(`the model takes ${channels} axes, the window has ${window.axes.length}`);
  if (samples < length) throw badInput(`the model takes ${length} samples of an axis, the window has ${samples}`);
  const windows = Math.floor(samples / length);
  const classes = model.classNames.length;
  const shares = model.classify(cut(window, length, windows));
  const means = model.classNames.map((_, at) => {
    let sum = 0;
    for (let each = 0; each < windows; each++) sum += shares[each * classes + at] as number;
    return sum / windows;
  });
  const course = Array.from({ length: windows }, (_, each) => {
    const own = shares.subarray(each * classes, (each + 1) * classes);
    return largestShares(model.classNames, own, 1)[0]?.name ?? '';
  });
  return { sampleRateHz: window.sampleRateHz, windows, states: largestShares(model.classNames, means, classes), course };
}

/** The windows one after the other, each axis after axis, in m/s2. */
function cut({ axes, unit }: SampleWindow, length: number, windows: number): Float32Array {
  const scale = unit === 'g' ? STANDARD_GRAVITY : 1;
  const result = new Float32Array(windows * axes.length * length);
  let to = 0;
  for (let each = 0; each < windows; each++) {
    for (const axis of axes) for (let at = 0; at < length; at++) result[to++] = (axis[each * length + at] as number) * scale;
  }
  return result;
}
