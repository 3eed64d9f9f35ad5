import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeNodes } from './place-nodes.ts';
import type { Placement } from './scenario/index.ts';
import { createSeededRandom } from './seeded-random.ts';

const AREA = { latitude: -37.8136, longitude: 144.9631, radiusMetres: 2_000 };
const EARTH_METRES = 6_371_000;

/** Great-circle distance. */
function metresBetween(from: { latitude: number; longitude: number }, to: { latitude: number; longitude: number }): number {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180;
  const north = Math.sin(radians(to.latitude - from.latitude) / 2) ** 2;
  const east = Math.sin(radians(to.longitude - from.longitude) / 2) ** 2;
  return (
    2 * EARTH_METRES * Math.asin(Math.sqrt(north + Math.cos(radians(from.latitude)) * Math.cos(radians(to.latitude)) * east))
  );
}

const place = (kind: 'random' | 'grid', count: number, area = AREA, seed = 'a') =>
  placeNodes({ placement: { kind }, count, area, random: createSeededRandom(seed) });

describe('nodes', () => {
  it.each(['random', 'grid'] as const)('are placed %s within the area, each at a place of its own', (kind) => {
    for (const count of [1, 2, 3, 4, 20, 100]) {
      const places = place(kind, count);
      expect(places).toHaveLength(count);
      expect(new Set(places.map(({ latitude, longitude }) => `${latitude} ${longitude}`)).size).toBe(count);
      for (const each of places) expect(metresBetween(AREA, each)).toBeLessThanOrEqual(AREA.radiusMetres * 1.002);
    }
    expect(place(kind, 0)).toEqual([]);
  });

  it('on a grid stand in even rows about the centre', () => {
    expect(place('grid', 1)).toEqual([{ latitude: AREA.latitude, longitude: AREA.longitude }]);
    const nine = place('grid', 9);
    expect(new Set(nine.map(({ latitude }) => latitude)).size).toBe(3);
    expect(new Set(nine.map(({ longitude }) => longitude)).size).toBe(3);
    expect(nine[4]).toEqual({ latitude: AREA.latitude, longitude: AREA.longitude });
    for (const corner of [0, 2, 6, 8]) expect(metresBetween(AREA, nine[corner] as never) / AREA.radiusMetres).toBeCloseTo(1, 2);
  });

  it('at random are spread evenly over the disc, the same for the same seed', () => {
    const places = place('random', 2_000);
    expect(place('random', 2_000)).toEqual(places);
    expect(place('random', 2_000, AREA, 'b')).not.toEqual(places);
    // Half of the area lies within the square root of a half of the radius.
    const inner = places.filter((each) => metresBetween(AREA, each) < AREA.radiusMetres * Math.SQRT1_2).length;
    expect(inner / places.length).toBeGreaterThan(0.46);
    expect(inner / places.length).toBeLessThan(0.54);
  });

  it('stand where the file says, as many as are wanted', () => {
    const places = [1, 2, 3].map((at) => ({ latitude: at, longitude: -at }));
    const placement: Placement = { kind: 'places', file: 'sites.csv', places };
    const random = { float: () => expect.fail('no chance is needed') };
    expect(placeNodes({ placement, count: 2, area: AREA, random })).toEqual(places.slice(0, 2));
  });

  it('are on the globe, also about the date line, with six decimals', () => {
    const areas = fc.record({
      latitude: fc.double({ min: -80, max: 80, noNaN: true }),
      longitude: fc.oneof(fc.double({ min: -180, max: 180, noNaN: true }), fc.constantFrom(-180, 180, 179.999)),
      radiusMetres: fc.double({ min: 1, max: 100_000, noNaN: true }),
    });
    fc.assert(
      fc.property(areas, fc.constantFrom('random' as const, 'grid' as const), (area, kind) => {
        for (const { latitude, longitude } of place(kind, 9, area)) {
          expect(Math.abs(latitude)).toBeLessThanOrEqual(90);
          expect(Math.abs(longitude)).toBeLessThanOrEqual(180);
          expect(Number(longitude.toFixed(6)) === longitude).toBe(true);
        }
      }),
      { numRuns: 100, seed: 1 },
    );
  });
});
