/** Positions on the unit square of the Mercator projection: x to the east, y to the south. */

const LATITUDE_MAX = 85.05;

export function mercatorX(longitude: number): number {
  return (longitude + 180) / 360;
}

export function mercatorY(latitude: number): number {
  const radians = (Math.max(-LATITUDE_MAX, Math.min(LATITUDE_MAX, latitude)) * Math.PI) / 180;
  return 0.5 - Math.log(Math.tan(Math.PI / 4 + radians / 2)) / (2 * Math.PI);
}

export function longitudeAt(x: number): number {
  return x * 360 - 180;
}

export function latitudeAt(y: number): number {
  return (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
}

/** Metres per unit of x or y at a latitude. */
export function metresPerUnit(latitude: number): number {
  return 40_075_016.7 * Math.cos((latitude * Math.PI) / 180);
}
