/** Micro-degrees, as contracts keep positions, to degrees. */
export function degrees(microdegrees: number): number {
  return microdegrees / 1e6;
}

export interface PlaceE6 {
  readonly latitudeE6: number;
  readonly longitudeE6: number;
}

const EARTH_RADIUS_M = 6_371_008.8;

/** Distance over the ground in metres (haversine on a sphere). */
export function distanceM(from: PlaceE6, to: PlaceE6): number {
  const radians = (microdegrees: number): number => (microdegrees / 1e6) * (Math.PI / 180);
  const sinLatitude = Math.sin(radians(to.latitudeE6 - from.latitudeE6) / 2);
  const sinLongitude = Math.sin(radians(to.longitudeE6 - from.longitudeE6) / 2);
  const square = sinLatitude ** 2 + Math.cos(radians(from.latitudeE6)) * Math.cos(radians(to.latitudeE6)) * sinLongitude ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(square)));
}

/** Distance as the registry contract compares it: in micro-degrees, latitude and longitude alike and unscaled. */
export function contractDistance(from: PlaceE6, to: PlaceE6): number {
  return Math.hypot(to.latitudeE6 - from.latitudeE6, to.longitudeE6 - from.longitudeE6);
}
