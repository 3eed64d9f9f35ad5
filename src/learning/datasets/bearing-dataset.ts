import type { RandomStream } from '../../environment/index.ts';
import { TreadleError } from '../../errors.ts';
import { DATASET_FILE_BYTES_MAX } from '../../limits.ts';
import { BEARING_SAMPLE_RATE_HZ, BEARING_WINDOW_SAMPLES } from './bearing-orders.ts';
import { BEARING_6205, BEARING_STATES, type BearingMachine, bearingVibration } from './bearing-vibration.ts';
import type { Dataset, SampleSet } from './dataset.ts';
import './errors.ts';
import { seededStream } from './seeded-stream.ts';

export interface BearingDatasetOptions {
  readonly seed?: number | string;
  /** Machines, each with its own speed, resonance, and noise; 20 when absent. */
  readonly machines?: number;
  /** Windows of each state from each machine for training; 40 when absent. A quarter as many more are for testing. */
  readonly windowsEach?: number;
  /** Samples of a window; 4,096 when absent. */
  readonly windowSamples?: number;
  readonly sampleRateHz?: number;
  /** Deviation of the noise; 0.3 when absent. */
  readonly noise?: number;
}

/**
 * A data set that needs no file: windows of vibration of sound and faulty bearings on machines that differ in speed,
 * load, resonance and noise. The same options give the same bits everywhere.
 *
 * @throws TreadleError DATASET_OPTION_INVALID | DATASET_TOO_LARGE
 */
export function bearingDataset(options: BearingDatasetOptions = {}): Dataset<Float32Array> {
  const { seed = 1, machines = 20, windowsEach = 40, windowSamples = BEARING_WINDOW_SAMPLES } = options;
  const { sampleRateHz = BEARING_SAMPLE_RATE_HZ, noise = 0.3 } = options;
  for (const [option, value] of Object.entries({ machines, windowsEach, windowSamples })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new TreadleError('DATASET_OPTION_INVALID', { detail: `${option} is ${value}, not a whole number above 0` });
  }
  const testEach = Math.max(1, Math.floor(windowsEach / 4));
  const windows = machines * BEARING_STATES.length * (windowsEach + testEach);
  if (windows * windowSamples * 4 > DATASET_FILE_BYTES_MAX)
    throw new TreadleError('DATASET_TOO_LARGE', {
      detail: `${windows} windows of ${windowSamples} samples do not fit in memory`,
    });
  const cut = { seed, machines, windowSamples, sampleRateHz, noise };
  return {
    name: 'bearing',
    sampleShape: [1, windowSamples],
    classNames: BEARING_STATES,
    channelNames: ['acceleration'],
    train: makeWindows({ ...cut, part: 'train', windowsEach }),
    test: makeWindows({ ...cut, part: 'test', windowsEach: testEach }),
  };
}

interface Part extends Required<BearingDatasetOptions> {
  readonly part: 'train' | 'test';
}

/** Windows turn by turn through machines and states: a prefix holds all of them, as a quick run needs it. */
function makeWindows({ seed, machines, windowsEach, windowSamples, sampleRateHz, noise, part }: Part): SampleSet<Float32Array> {
  const count = machines * BEARING_STATES.length * windowsEach;
  const values = new Float32Array(count * windowSamples);
  const labels = new Uint8Array(count);
  const owners = new Uint32Array(count);
  const drawn = Array.from({ length: machines }, (_, machine) =>
    drawMachine(seededStream('bearing', seed, 'machine', machine), sampleRateHz),
  );
  let sample = 0;
  for (let window = 0; window < windowsEach; window++) {
    for (const [owner, { machine, turnsPerSecond, quiet }] of drawn.entries()) {
      for (const [label, state] of BEARING_STATES.entries()) {
        const random = seededStream('bearing', seed, part, owner, label, window);
        const vibration = bearingVibration({
          machine,
          state,
          samples: windowSamples,
          sampleRateHz,
          turnsPerSecond: turnsPerSecond * (0.9 + 0.2 * random.float()),
          speedChange: random.normal(0, 0.01),
          load: 0.6 + 0.8 * random.float(),
          loadChange: random.normal(0, 0.1),
          severity: 0.8 + 0.7 * random.float(),
          noise: noise * quiet,
          random,
        });
        values.set(vibration, sample * windowSamples);
        labels[sample] = label;
        owners[sample] = owner;
        sample++;
      }
    }
  }
  return { count, values, labels, machines: owners };
}

function drawMachine(
  random: RandomStream,
  sampleRateHz: number,
): { readonly machine: BearingMachine; readonly turnsPerSecond: number; readonly quiet: number } {
  const machine: BearingMachine = {
    geometry: BEARING_6205,
    resonanceHz: sampleRateHz * (0.2 + 0.15 * random.float()),
    damping: 0.03 + 0.03 * random.float(),
    shaftHarmonics: [0.1 + 0.2 * random.float(), 0.05 + 0.1 * random.float()],
  };
  return { machine, turnsPerSecond: 20 + 15 * random.float(), quiet: 0.7 + 0.6 * random.float() };
}
