import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RandomStream } from '../../environment/index.ts';
import { iso10816Zone } from './iso-10816.ts';
import { momentsOf } from './moments.ts';
import { powerSpectrum } from './power-spectrum.ts';
import { decodeSamples, encodeSamples, JSON_MEDIA_TYPE, SAMPLES_MEDIA_TYPE, type SampleWindow } from './samples.ts';
import { createServiceRegistry } from './service-registry.ts';
import { createVibrationSource } from './vibration-source.ts';
import { analyseVibration, type VibrationReport, vibrationParameters, vibrationSpectrum } from './vibration-spectrum.ts';

const defaults = vibrationParameters({});

function sines(
  parts: readonly { hz: number; amplitude: number }[],
  sampleRateHz: number,
  samples: number,
  offset = 0,
): SampleWindow {
  const axis = new Float32Array(samples);
  for (let at = 0; at < samples; at++) {
    let value = offset;
    for (const { hz, amplitude } of parts) value += amplitude * Math.sin((2 * Math.PI * hz * at) / sampleRateHz);
    axis[at] = value;
  }
  return { sampleRateHz, unit: 'm/s2', axes: [axis] };
}

/** A small generator (mulberry32 with Box-Muller) for tests of the synthetic machine. */
function seeded(seed: number): RandomStream {
  let state = seed >>> 0;
  const float = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  return {
    float,
    integer: (below) => Math.floor(float() * below),
    bytes: (length) => Uint8Array.from({ length }, () => Math.floor(float() * 256)),
    exponential: (mean) => -mean * Math.log(1 - float()),
    normal: (mean, deviation) => mean + deviation * Math.sqrt(-2 * Math.log(1 - float())) * Math.cos(2 * Math.PI * float()),
  };
}

describe('vibration analysis against closed forms', () => {
  it('gives a sine its RMS, crest factor, kurtosis, frequency and velocity', () => {
    const report = analyseVibration(sines([{ hz: 50, amplitude: 2 }], 2048, 2048), defaults);
    const axis = report.axes[0];
    expect(axis?.accelerationRmsMPerS2).toBeCloseTo(2 / Math.SQRT2, 5);
    expect(axis?.crestFactor).toBeCloseTo(Math.SQRT2, 2);
    expect(axis?.kurtosis).toBeCloseTo(1.5, 4);
    expect(axis?.dominant[0]?.frequencyHz).toBeCloseTo(50, 2);
    expect(axis?.dominant[0]?.amplitude).toBeCloseTo(2, 2);
    const velocity = (2 / Math.SQRT2 / (2 * Math.PI * 50)) * 1000;
    expect((axis?.velocityRmsMmPerS ?? 0) / velocity).toBeCloseTo(1, 2);
  });

  it('finds the parts of a mix, between bins and in a window that is no power of two', () => {
    const parts = [
      { hz: 29.3, amplitude: 1 },
      { hz: 117.7, amplitude: 3 },
      { hz: 401.1, amplitude: 0.5 },
    ];
    const report = analyseVibration(sines(parts, 4000, 5000, 9.8), vibrationParameters({ peaks: 3 }));
    const found = report.axes[0]?.dominant ?? [];
    expect(found.map((peak) => Math.round(peak.frequencyHz * 10) / 10)).toEqual([117.7, 29.3, 401.1]);
    for (const [at, amplitude] of [3, 1, 0.5].entries()) expect((found[at]?.amplitude ?? 0) / amplitude).toBeCloseTo(1, 1);
    const square = parts.reduce((sum, part) => sum + (part.amplitude / (2 * Math.PI * part.hz)) ** 2 / 2, 0);
    expect(report.velocityRmsMmPerS / (Math.sqrt(square) * 1000)).toBeCloseTo(1, 1);
  });

  it('does not count what lies outside 10 Hz to 1 kHz', () => {
    const inside = analyseVibration(sines([{ hz: 100, amplitude: 1 }], 8192, 8192), defaults).velocityRmsMmPerS;
    const mixed = analyseVibration(
      sines(
        [
          { hz: 100, amplitude: 1 },
          { hz: 3, amplitude: 1 },
          { hz: 2000, amplitude: 9 },
        ],
        8192,
        8192,
      ),
      defaults,
    );
    expect(mixed.velocityRmsMmPerS).toBeCloseTo(inside, 2);
  });

  it('reads g as 9.80665 m/s2', () => {
    const window = sines([{ hz: 50, amplitude: 1 }], 2048, 2048);
    const report = analyseVibration({ ...window, unit: 'g' }, defaults);
    expect(report.axes[0]?.accelerationRmsMPerS2).toBeCloseTo(9.80665 / Math.SQRT2, 4);
  });

  it('leaves shape factors of a constant signal open', () => {
    const report = analyseVibration({ sampleRateHz: 1000, unit: 'm/s2', axes: [new Float32Array(512).fill(9.81)] }, defaults);
    expect(report.axes[0]).toMatchObject({ crestFactor: null, kurtosis: null, dominant: [] });
    expect(report.iso10816.zone).toBe('A');
  });

  it('keeps the energy of any signal (Parseval)', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 8, maxLength: 300 }), (list) => {
        const signal = Float64Array.from(list);
        const meanSquare = signal.reduce((sum, value) => sum + value * value, 0) / signal.length;
        const total = powerSpectrum(signal, 1000, 'rectangular').power.reduce((sum, value) => sum + value, 0);
        expect(Math.abs(total - meanSquare)).toBeLessThanOrEqual(1e-9 * Math.max(1, meanSquare));
      }),
      { numRuns: 60 },
    );
  });

  it('scales: twice the signal, twice the RMS and velocity, same shape', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
        const random = seeded(seed);
        const axis = Float32Array.from({ length: 256 }, () => random.normal(0, 1));
        const one = analyseVibration({ sampleRateHz: 1000, unit: 'm/s2', axes: [axis] }, defaults);
        const two = analyseVibration({ sampleRateHz: 1000, unit: 'm/s2', axes: [axis.map((value) => 2 * value)] }, defaults);
        expect(two.velocityRmsMmPerS).toBeCloseTo(2 * one.velocityRmsMmPerS, 6);
        expect(two.axes[0]?.kurtosis).toBeCloseTo(one.axes[0]?.kurtosis ?? 0, 6);
      }),
      { numRuns: 20 },
    );
  });

  it('measures the kurtosis of noise as 3', () => {
    const random = seeded(5);
    expect(momentsOf(Float32Array.from({ length: 60_000 }, () => random.normal(0, 1))).kurtosis).toBeCloseTo(3, 1);
  });

  it('puts velocities into the zones of ISO 10816-3', () => {
    expect([1.4, 1.41, 2.8, 4.5, 4.51].map((velocity) => iso10816Zone(velocity, 2, 'rigid'))).toEqual(['A', 'B', 'B', 'C', 'D']);
    expect([2.3, 7.1, 11, 11.1].map((velocity) => iso10816Zone(velocity, 1, 'flexible'))).toEqual(['A', 'B', 'C', 'D']);
  });
});

describe('inputs', () => {
  const good = sines([{ hz: 50, amplitude: 1 }], 1000, 256);

  it('survive the binary layout, whole and at an odd offset', () => {
    const bytes = encodeSamples({ ...good, axes: [good.axes[0] as Float32Array, new Float32Array(256)] });
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(decodeSamples(shifted.subarray(1), SAMPLES_MEDIA_TYPE)).toEqual({
      ...good,
      axes: [good.axes[0], new Float32Array(256)],
    });
  });

  it('give the same report as JSON', () => {
    const json = JSON.stringify({ sampleRateHz: 1000, axes: good.axes.map((axis) => [...axis]) });
    const input = { mediaType: JSON_MEDIA_TYPE, bytes: new TextEncoder().encode(json), parameters: {} };
    const binary = { mediaType: SAMPLES_MEDIA_TYPE, bytes: encodeSamples(good), parameters: {} };
    const report = JSON.parse(new TextDecoder().decode(vibrationSpectrum.run(binary) as Uint8Array)) as VibrationReport;
    expect(JSON.parse(new TextDecoder().decode(vibrationSpectrum.run(input) as Uint8Array))).toEqual(report);
    expect(report.axes[0]?.dominant[0]?.frequencyHz).toBeCloseTo(50, 0);
  });

  const changed = (change: (view: DataView, bytes: Uint8Array) => void): Uint8Array => {
    const bytes = encodeSamples(good);
    change(new DataView(bytes.buffer), bytes);
    return bytes;
  };
  const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const cases: readonly (readonly [name: string, mediaType: string, bytes: Uint8Array, says: RegExp])[] = [
    ['an empty body', SAMPLES_MEDIA_TYPE, new Uint8Array(), /header takes 20 bytes/],
    ['a wrong magic', SAMPLES_MEDIA_TYPE, changed((view) => view.setUint8(0, 0)), /TSF1/],
    ['an odd size', SAMPLES_MEDIA_TYPE, encodeSamples(good).subarray(0, -1), /take 1044 bytes, there are 1043/],
    ['no axis', SAMPLES_MEDIA_TYPE, changed((view) => view.setUint8(12, 0)), /1 to 8 axes/],
    ['an unknown unit', SAMPLES_MEDIA_TYPE, changed((view) => view.setUint8(13, 7)), /unit 7/],
    ['reserved bytes', SAMPLES_MEDIA_TYPE, changed((view) => view.setUint8(14, 1)), /reserved/],
    ['NaN', SAMPLES_MEDIA_TYPE, changed((view) => view.setFloat32(24, Number.NaN, true)), /sample 1 of axis 0/],
    ['a NaN rate', SAMPLES_MEDIA_TYPE, changed((view) => view.setFloat64(4, Number.NaN, true)), /positive number of Hz/],
    ['a slow rate', SAMPLES_MEDIA_TYPE, changed((view) => view.setFloat64(4, 10, true)), /sample rate must be/],
    ['a short time', SAMPLES_MEDIA_TYPE, changed((view) => view.setFloat64(4, 100_000, true)), /at least 0.2 s/],
    ['few samples', SAMPLES_MEDIA_TYPE, encodeSamples(sines([], 100, 63)), /64 to 65536 samples/],
    ['broken JSON', JSON_MEDIA_TYPE, new TextEncoder().encode('{'), /not JSON/],
    ['a JSON list', JSON_MEDIA_TYPE, text([]), /must be an object/],
    ['an unknown key', JSON_MEDIA_TYPE, text({ rate: 1 }), /unknown key "rate"/],
    ['uneven axes', JSON_MEDIA_TYPE, text({ sampleRateHz: 1000, axes: [[1, 2], [1]] }), /same number/],
    ['a word as sample', JSON_MEDIA_TYPE, text({ sampleRateHz: 1000, axes: [['a']] }), /axis 0/],
    ['null as sample', JSON_MEDIA_TYPE, text({ sampleRateHz: 1000, axes: [[null]] }), /axis 0/],
  ];
  it.each(cases)('with %s are refused with the reason', (_name, mediaType, bytes, says) => {
    expect(() => vibrationSpectrum.run({ mediaType, bytes, parameters: {} })).toThrow(says);
  });

  it.each([
    [{ peaks: 0 }, /peaks/],
    [{ machineGroup: 3 }, /machineGroup/],
    [{ support: 'soft' }, /support/],
    [{ peak: 1 }, /unknown parameter "peak"/],
  ])('with parameters %j are refused', (parameters, says) => expect(() => vibrationParameters(parameters)).toThrow(says));
});

describe('the service registry', () => {
  const registry = createServiceRegistry([vibrationSpectrum]);
  it('selects by name, media type and size', () => {
    expect(registry.select('vibration.spectrum', { mediaType: JSON_MEDIA_TYPE, bytes: new Uint8Array(1) })).toBe(
      vibrationSpectrum,
    );
    const wrong = (name: string, mediaType: string, size: number) => () =>
      registry.select(name, { mediaType, bytes: new Uint8Array(size) });
    expect(wrong('image.classify', JSON_MEDIA_TYPE, 1)).toThrow(expect.objectContaining({ code: 'SERVICE_UNKNOWN' }));
    expect(wrong('vibration.spectrum', 'text/plain', 1)).toThrow(expect.objectContaining({ code: 'SERVICE_MEDIA_TYPE' }));
    expect(wrong('vibration.spectrum', JSON_MEDIA_TYPE, 1024 * 1024 + 1)).toThrow(
      expect.objectContaining({ code: 'SERVICE_INPUT_TOO_LARGE' }),
    );
  });
  it('refuses two services of one name', () => {
    expect(() => createServiceRegistry([vibrationSpectrum, vibrationSpectrum])).toThrow(/unique/);
  });
});

describe('the synthetic machine', () => {
  it('is the same for the same seed and gets worse with severity', () => {
    const at = (severity: number) => createVibrationSource({ random: seeded(3), sampleRateHz: 4096 }).window(4096, severity);
    expect(at(0.5)).toEqual(at(0.5));
    const reports = [0, 0.45, 0.7, 1].map((severity) => analyseVibration(at(severity), defaults));
    expect(reports.map((report) => report.iso10816.zone)).toEqual(['A', 'B', 'C', 'D']);
    expect(reports[3]?.axes[0]?.kurtosis).toBeGreaterThan(reports[0]?.axes[0]?.kurtosis ?? 99);
    expect(reports[0]?.axes[0]?.dominant.map((peak) => Math.round(peak.frequencyHz))).toContain(25);
  });
});
