import type { MapMatch, MapView } from '../../../src/node/api/types.ts';
import { mercatorX, mercatorY } from './mercator.ts';

/** The map's data, projected once: drawing and picking then only scale and shift. */
export interface Scene {
  readonly map: MapView;
  readonly nodes: Points;
  readonly devices: Points;
  readonly matches: readonly ProjectedMatch[];
}

export interface Points {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

export interface ProjectedMatch {
  readonly match: MapMatch;
  readonly fromX: number;
  readonly fromY: number;
  readonly toX: number;
  readonly toY: number;
}

export function sceneOf(map: MapView): Scene {
  return {
    map,
    nodes: project(map.nodes),
    devices: project(map.devices),
    matches: map.matches.map((match) => ({
      match,
      fromX: mercatorX(match.fromLongitude),
      fromY: mercatorY(match.fromLatitude),
      toX: mercatorX(match.toLongitude),
      toY: mercatorY(match.toLatitude),
    })),
  };
}

function project(columns: { readonly latitude: readonly number[]; readonly longitude: readonly number[] }): Points {
  return { x: Float64Array.from(columns.longitude, mercatorX), y: Float64Array.from(columns.latitude, mercatorY) };
}

/** A thing on the map. */
export interface Pick {
  readonly kind: 'node' | 'device';
  readonly index: number;
}

/** The point nearest to a place on the unit square within `reach`; nodes win over devices at the same distance. */
export function pickAt(
  scene: Scene,
  hidden: ReadonlySet<number>,
  place: { readonly x: number; readonly y: number },
  reach: number,
): Pick | undefined {
  let best: Pick | undefined;
  let bestSquare = reach * reach;
  const look = (points: Points, kind: Pick['kind'], skip: (index: number) => boolean): void => {
    for (let index = 0; index < points.x.length; index++) {
      const dx = (points.x[index] as number) - place.x;
      const dy = (points.y[index] as number) - place.y;
      const square = dx * dx + dy * dy;
      if (square >= bestSquare || skip(index)) continue;
      bestSquare = square;
      best = { kind, index };
    }
  };
  look(scene.nodes, 'node', (index) => hidden.has(scene.map.nodes.company[index] ?? -1));
  look(scene.devices, 'device', () => false);
  return best;
}
