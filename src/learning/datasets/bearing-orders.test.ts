import { describe, expect, it } from 'vitest';
import { bearingDataset } from './bearing-dataset.ts';
import {
  BEARING_ORDERS_COUNT,
  BEARING_SAMPLE_RATE_HZ,
  BEARING_WINDOW_SAMPLES,
  bearingOrders,
  withBearingOrders,
} from './bearing-orders.ts';
import { BEARING_6205, type BearingState, bearingVibration, faultOrders } from './bearing-vibration.ts';
import { seededStream } from './seeded-stream.ts';

/** The order at which the envelope of a window is strongest. */
function strongestOrder(state: BearingState, turnsPerSecond: number, resonanceHz: number): number {
  const window = bearingVibration({
    machine: { geometry: BEARING_6205, resonanceHz, damping: 0.045, shaftHarmonics: [0.2, 0.1] },
    ...{ state, turnsPerSecond, noise: 0.1, slip: 0 },
    samples: BEARING_WINDOW_SAMPLES,
    sampleRateHz: BEARING_SAMPLE_RATE_HZ,
    random: seededStream('orders', state, turnsPerSecond),
  });
  const spectrum = bearingOrders(window, BEARING_SAMPLE_RATE_HZ).subarray(0, 63);
  return 0.2 + 0.1 * spectrum.indexOf(Math.max(...spectrum));
}

describe('the orders of a window of vibration', () => {
  it.each([
    [20, 2_600],
    [27, 3_300],
    [34, 4_000],
  ])('show the fault at its order, whatever the speed (%i turns a second) and the resonance (%i Hz)', (speed, resonanceHz) => {
    const orders = faultOrders(BEARING_6205);
    expect(Math.abs(strongestOrder('outer race', speed, resonanceHz) - orders.outerRace)).toBeLessThan(0.16);
    // That of the cage is as strong at its multiples: strikes are short.
    const cage = strongestOrder('cage', speed, resonanceHz) / orders.cage;
    expect(Math.abs(cage - Math.round(cage))).toBeLessThan(0.3);
  });

  it('are finite for silence, and the same for the same window', () => {
    const silence = bearingOrders(new Float32Array(BEARING_WINDOW_SAMPLES), BEARING_SAMPLE_RATE_HZ);
    expect(silence).toHaveLength(BEARING_ORDERS_COUNT);
    expect(silence.every(Number.isFinite)).toBe(true);
    const dataset = bearingDataset({ machines: 1, windowsEach: 4 });
    const orders = withBearingOrders(dataset);
    expect(orders.sampleShape).toEqual([BEARING_ORDERS_COUNT]);
    expect([orders.train.count, orders.test.count, orders.train.labels]).toEqual([20, 5, dataset.train.labels]);
    const second = dataset.train.values.subarray(BEARING_WINDOW_SAMPLES, 2 * BEARING_WINDOW_SAMPLES);
    expect(orders.train.values.subarray(BEARING_ORDERS_COUNT, 2 * BEARING_ORDERS_COUNT)).toEqual(
      bearingOrders(second, BEARING_SAMPLE_RATE_HZ),
    );
  });
});
