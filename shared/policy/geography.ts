/** Where nodes and senders stand, as far as placement cares: distances, and regions the size of a continent. */

/** Degrees: latitude −90 to 90, longitude −180 to 180. */
export interface GeoPoint {
  readonly latitude: number;
  readonly longitude: number;
}

/** A region is what lies nearest to its middle. Cables, grids and storms that fail together mostly fail within one. */
export const REGIONS = [
  { name: 'North America', latitude: 40, longitude: -98 },
  { name: 'South America', latitude: -15, longitude: -60 },
  { name: 'Europe', latitude: 50, longitude: 15 },
  { name: 'Africa', latitude: 0, longitude: 22 },
  { name: 'Middle East', latitude: 27, longitude: 45 },
  { name: 'South Asia', latitude: 22, longitude: 79 },
  { name: 'East Asia', latitude: 35, longitude: 118 },
  { name: 'Southeast Asia', latitude: 8, longitude: 108 },
  { name: 'Oceania', latitude: -30, longitude: 145 },
] as const;

const EARTH_RADIUS_KM = 6371;
/** From one point of the Earth to the opposite one. */
export const FARTHEST_KM = Math.PI * EARTH_RADIUS_KM;

type Vector = readonly [number, number, number];
const MIDDLES = REGIONS.map(unitVector);

/** Along the surface of a sphere. */
export function distanceKm(from: GeoPoint, to: GeoPoint): number {
  const [a, b] = [unitVector(from), unitVector(to)];
  const chord = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, chord / 2));
}

/** @returns the region's place in REGIONS. */
export function regionOf(point: GeoPoint): number {
  const [x, y, z] = unitVector(point);
  const cosines = MIDDLES.map((middle) => x * middle[0] + y * middle[1] + z * middle[2]);
  return cosines.indexOf(Math.max(...cosines));
}

function unitVector({ latitude, longitude }: GeoPoint): Vector {
  const [phi, lambda] = [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180];
  return [Math.cos(phi) * Math.cos(lambda), Math.cos(phi) * Math.sin(lambda), Math.sin(phi)];
}
