import { createHash } from 'node:crypto';
import fc from 'fast-check';
import FFT from 'fft.js';
import { describe, expect, it } from 'vitest';
import { hasCode } from '../../errors.ts';
import { bearingDataset } from './bearing-dataset.ts';
import { BEARING_6205, BEARING_STATES, type BearingState, bearingVibration, faultOrders } from './bearing-vibration.ts';
import { classCounts } from './dataset.ts';
import { partitionByDirichlet } from './partition.ts';
import { seededStream } from './seeded-stream.ts';

const RATE = 12_000;
const SAMPLES = 65_536;
const orders = faultOrders(BEARING_6205);
const perTurn: Readonly<Record<Exclude<BearingState, 'sound'>, number>> = {
  'inner race': orders.innerRace,
  'outer race': orders.outerRace,
  ball: orders.ball,
  cage: orders.cage,
};
const FAULTS = Object.keys(perTurn) as (keyof typeof perTurn)[];
const machine = { geometry: BEARING_6205, resonanceHz: 3_000, damping: 0.04, shaftHarmonics: [0.1, 0.05] };

/** Amplitudes of the squared signal, its mean taken off: bin k stands for k RATE / SAMPLES. */
function envelopeSpectrum(signal: Float32Array): Float64Array {
  // The shaft is far below the resonance: differences of neighbours take it away.
  const squares = Array.from(signal, (value, at) => (value - (signal[at - 1] ?? value)) ** 2);
  const mean = squares.reduce((sum, value) => sum + value, 0) / squares.length;
  const transform = new FFT(squares.length);
  const out = transform.createComplexArray();
  transform.realTransform(
    out,
    squares.map((value) => value - mean),
  );
  return Float64Array.from({ length: squares.length / 2 }, (_, bin) =>
    Math.hypot(out[2 * bin] as number, out[2 * bin + 1] as number),
  );
}

/** The highest amplitude within 1.5 % of a frequency. */
function near(spectrum: Float64Array, hz: number): number {
  const bin = (frequency: number): number => Math.round((frequency * SAMPLES) / RATE);
  return Math.max(...spectrum.subarray(bin(hz * 0.985), bin(hz * 1.015) + 1));
}

describe('the orders of a bearing', () => {
  it('are those that are published of a 6205', () => {
    // The table of Case Western Reserve University's bearing data, drive end.
    expect(orders.innerRace).toBeCloseTo(5.4152, 3);
    expect(orders.outerRace).toBeCloseTo(3.5848, 3);
    expect(orders.cage).toBeCloseTo(0.39828, 4);
    expect(orders.ball).toBeCloseTo(4.7135, 2);
  });

  it('of both races add up to the balls', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 40 }),
        fc.double({ min: 0.05, max: 0.9, noNaN: true }),
        fc.integer({ min: 0, max: 60 }),
        (balls, ratio, contactDegrees) => {
          const found = faultOrders({ balls, ballDiameter: ratio, pitchDiameter: 1, contactDegrees });
          expect(found.innerRace + found.outerRace).toBeCloseTo(balls, 9);
          expect(found.outerRace).toBeCloseTo(balls * found.cage, 9);
        },
      ),
    );
  });

  it('are refused for what is no bearing', () => {
    expect(() => faultOrders({ ...BEARING_6205, ballDiameter: 50 })).toThrow(/balls must fit/);
  });
});

describe('vibration of a bearing', () => {
  const make = (state: BearingState, seed: number, change: object = {}): Float32Array =>
    bearingVibration({
      machine,
      state,
      samples: SAMPLES,
      sampleRateHz: RATE,
      turnsPerSecond: 29,
      noise: 0.3,
      random: seededStream('test', seed),
      ...change,
    });

  it.each(FAULTS)('%s: the envelope spectrum peaks at the frequency of the fault', (state) => {
    for (const [seed, turnsPerSecond] of [
      [1, 20.5],
      [2, 29],
      [3, 34],
    ] as const) {
      const spectrum = envelopeSpectrum(make(state, seed, { turnsPerSecond }));
      const hz = perTurn[state] * turnsPerSecond;
      const heights = FAULTS.map((fault) => near(spectrum, perTurn[fault] * turnsPerSecond));
      // No other fault's frequency is as high, but for multiples: the outer race's is nine times the cage's, the ball's near twelve times.
      const others = FAULTS.filter((fault) => fault === 'inner race' || ![fault, state].includes('cage')).filter(
        (fault) => fault !== state,
      );
      // The cage strikes some 60 times only in all this: its comb is flat.
      const clearly = state === 'cage' ? 1 : 2;
      for (const other of others)
        expect(heights[FAULTS.indexOf(state)]).toBeGreaterThan(clearly * (heights[FAULTS.indexOf(other)] as number));
      // Around its frequency it is the peak (side bands lie further away).
      const bin = (frequency: number): number => Math.round((frequency * SAMPLES) / RATE);
      const window = spectrum.subarray(bin(hz * 0.93), bin(hz * 1.07) + 1);
      const peak = bin(hz * 0.93) + window.indexOf(Math.max(...window));
      expect(Math.abs((peak * RATE) / SAMPLES - hz) / hz).toBeLessThan(0.01);
      const sorted = [...spectrum.subarray(1)].sort((left, right) => left - right);
      expect(Math.max(...window)).toBeGreaterThan(5 * (sorted[Math.floor(sorted.length / 2)] as number));
    }
  });

  it('sound: no frequency of a fault stands out', () => {
    const spectrum = envelopeSpectrum(make('sound', 4));
    const sorted = [...spectrum.subarray(1)].sort((left, right) => left - right);
    const median = sorted[Math.floor(sorted.length / 2)] as number;
    for (const fault of FAULTS) expect(near(spectrum, perTurn[fault] * 29)).toBeLessThan(5 * median);
  });

  it('inner race: side bands lie one turn beside, since the fault passes the loaded side', () => {
    const spectrum = envelopeSpectrum(make('inner race', 5, { slip: 0 }));
    const between = near(spectrum, orders.innerRace * 29 + 0.5 * 29);
    expect(near(spectrum, orders.innerRace * 29 + 29)).toBeGreaterThan(3 * between);
    expect(near(spectrum, orders.innerRace * 29 - 29)).toBeGreaterThan(3 * between);
  });

  it('strikes follow a speed that changes', () => {
    const signal = make('outer race', 6, { speedChange: 0.2, slip: 0, samples: 2 * SAMPLES });
    const peakOf = (part: Float32Array): number => {
      const spectrum = envelopeSpectrum(part);
      const from = Math.round((80 * SAMPLES) / RATE);
      const window = spectrum.subarray(from, Math.round((150 * SAMPLES) / RATE));
      return ((from + window.indexOf(Math.max(...window))) * RATE) / SAMPLES;
    };
    // The speed at the ends is 1 and 1.2 times that named; each half sweeps half of it.
    const first = peakOf(signal.subarray(0, SAMPLES)) / (orders.outerRace * 29);
    const second = peakOf(signal.subarray(SAMPLES)) / (orders.outerRace * 29);
    expect(first).toBeGreaterThan(0.99);
    expect(first).toBeLessThan(1.11);
    expect(second).toBeGreaterThan(1.09);
    expect(second).toBeLessThan(1.21);
  });

  it('strikes grow with the load', () => {
    const energy = (load: number): number =>
      make('outer race', 7, { load, noise: 0 }).reduce((sum, value) => sum + value * value, 0);
    expect(energy(2) / energy(1)).toBeGreaterThan(2.5);
  });

  it('is the same for the same seed, finite for any options, and refused with a code otherwise', () => {
    expect(make('ball', 8)).toEqual(make('ball', 8));
    expect(make('ball', 8)).not.toEqual(make('ball', 9));
    fc.assert(
      fc.property(
        fc.constantFrom(...BEARING_STATES),
        fc.double({ min: 1, max: 200, noNaN: true }),
        fc.double({ min: -0.5, max: 0.5, noNaN: true }),
        fc.integer({ min: 1, max: 500 }),
        (state, turnsPerSecond, speedChange, samples) => {
          const signal = bearingVibration({
            machine,
            state,
            samples,
            sampleRateHz: RATE,
            turnsPerSecond,
            speedChange,
            random: seededStream(1),
          });
          expect(signal.length).toBe(samples);
          expect(signal.every(Number.isFinite)).toBe(true);
        },
      ),
    );
    for (const change of [
      { samples: 0 },
      { turnsPerSecond: 0 },
      { speedChange: 0.9 },
      { noise: -1 },
      { machine: { ...machine, resonanceHz: 7_000 } },
    ])
      expect(() => make('ball', 1, change)).toThrow(expect.objectContaining({ code: 'DATASET_OPTION_INVALID' }));
  });
});

describe('the data set of bearings', () => {
  const small = { machines: 3, windowsEach: 4, windowSamples: 128 };

  it('has every state of every machine, and differs by seed only', () => {
    const dataset = bearingDataset(small);
    expect([dataset.train.count, dataset.test.count]).toEqual([60, 15]);
    expect(classCounts(dataset.train.labels, 5)).toEqual([12, 12, 12, 12, 12]);
    expect(new Set(dataset.train.machines)).toEqual(new Set([0, 1, 2]));
    expect(bearingDataset(small)).toEqual(dataset);
    expect(bearingDataset({ ...small, seed: 2 }).train.values).not.toEqual(dataset.train.values);
    // No window is in both parts.
    expect(dataset.test.values.subarray(0, 128)).not.toEqual(dataset.train.values.subarray(0, 128));
  });

  it('keeps its windows when more are asked for', () => {
    const more = bearingDataset({ ...small, windowsEach: 5 });
    expect(more.train.values.subarray(0, 60 * 128)).toEqual(bearingDataset(small).train.values);
  });

  it('is refused when it does not fit in memory', () => {
    try {
      bearingDataset({ machines: 10_000, windowsEach: 1_000 });
      expect.unreachable();
    } catch (error) {
      expect(hasCode(error, 'DATASET_TOO_LARGE')).toBe(true);
    }
  });

  it('and its division have the bits that others have computed (the same on Node 20 and 24)', () => {
    const { train } = bearingDataset({ windowSamples: 1_024 });
    const hash = (arrays: readonly (Float32Array | Uint32Array)[]): string => {
      const sum = createHash('sha256');
      for (const { buffer, byteOffset, byteLength } of arrays) sum.update(new Uint8Array(buffer, byteOffset, byteLength));
      return sum.digest('hex');
    };
    expect(hash([train.values])).toBe('838d88c11b99da02994055f615850133c0c4b7c9024ff751cf35174b44071a7d');
    const divisions = Array.from({ length: 50 }, (_, seed) =>
      partitionByDirichlet(train.labels, { clients: 20, alpha: 0.3, random: seededStream(seed) }),
    );
    expect(hash(divisions.flat())).toBe('ee546ac8c13ebe93ec6c81bbddf379b4d817e7f99a64e62260bdf14c15b0efe4');
  });
});
