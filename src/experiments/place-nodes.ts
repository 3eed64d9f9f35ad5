import type { Position } from '../consortium/index.ts';
import type { Placement, Scenario } from './scenario/index.ts';

const METRES_PER_DEGREE = 111_320;

interface Options {
  readonly placement: Placement;
  readonly count: number;
  readonly area: Scenario['area'];
  readonly random: { float(): number };
}

/** Where `count` nodes stand: the places of a file, or spread over the area. Degrees, six decimals. */
export function placeNodes({ placement, count, area, random }: Options): readonly Position[] {
  if (placement.kind === 'places') return placement.places.slice(0, count);
  const side = Math.ceil(Math.sqrt(count));
  return Array.from({ length: count }, (_, at) => {
    if (placement.kind === 'grid') {
      // The square whose corners lie on the edge of the area.
      const step = (index: number): number => (side === 1 ? 0 : Math.SQRT1_2 * ((2 * index) / (side - 1) - 1));
      return offset(area, { east: step(at % side) * area.radiusMetres, north: step(Math.floor(at / side)) * area.radiusMetres });
    }
    // The square root makes the density even over the disc.
    const distance = area.radiusMetres * Math.sqrt(random.float());
    const angle = 2 * Math.PI * random.float();
    return offset(area, { east: distance * Math.cos(angle), north: distance * Math.sin(angle) });
  });
}

function offset(area: Scenario['area'], metres: { readonly east: number; readonly north: number }): Position {
  const latitude = area.latitude + metres.north / METRES_PER_DEGREE;
  const longitude = area.longitude + metres.east / (METRES_PER_DEGREE * Math.cos((area.latitude * Math.PI) / 180));
  return { latitude: Number(latitude.toFixed(6)), longitude: Number(eastOfGreenwich(longitude).toFixed(6)) };
}

/** The same meridian between -180 and 180 degrees: an area may reach over the date line. */
function eastOfGreenwich(longitude: number): number {
  if (longitude >= -180 && longitude <= 180) return longitude;
  return ((((longitude + 180) % 360) + 360) % 360) - 180;
}
