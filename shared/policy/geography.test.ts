import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FARTHEST_KM, REGIONS, distanceKm, regionOf, type GeoPoint } from './geography.ts';

const point: fc.Arbitrary<GeoPoint> = fc.record({ latitude: fc.double({ min: -90, max: 90, noNaN: true }), longitude: fc.double({ min: -180, max: 180, noNaN: true }) });
const at = (latitude: number, longitude: number): GeoPoint => ({ latitude, longitude });

describe('the distance', () => {
  it.each<[string, GeoPoint, GeoPoint, number]>([
    ['Berlin to Paris', at(52.52, 13.405), at(48.857, 2.352), 878],
    ['New York to Tokyo', at(40.713, -74.006), at(35.69, 139.692), 10_850],
    ['across the date line', at(0, 179), at(0, -179), 222],
    ['pole to pole', at(90, 0), at(-90, 77), 20_015],
  ])('%s is known', (_, from, to, km) => expect(Math.abs(distanceKm(from, to) / km - 1)).toBeLessThan(0.01));
  it('is a metric on the sphere', () => {
    fc.assert(
      fc.property(point, point, point, (a, b, c) => {
        expect(distanceKm(a, a)).toBe(0);
        expect(distanceKm(a, b)).toBeCloseTo(distanceKm(b, a), 6);
        expect(distanceKm(a, b)).toBeLessThanOrEqual(FARTHEST_KM);
        expect(distanceKm(a, c)).toBeLessThanOrEqual(distanceKm(a, b) + distanceKm(b, c) + 1e-3);
      }),
    );
  });
});

describe('the region', () => {
  it.each<[string, GeoPoint, (typeof REGIONS)[number]['name']]>([
    ['Vancouver', at(49.3, -123.1), 'North America'],
    ['Miami', at(25.8, -80.2), 'North America'],
    ['Bogotá', at(4.7, -74.1), 'South America'],
    ['Lisbon', at(38.7, -9.1), 'Europe'],
    ['Moscow', at(55.8, 37.6), 'Europe'],
    ['Lagos', at(6.5, 3.4), 'Africa'],
    ['Dubai', at(25.2, 55.3), 'Middle East'],
    ['Chennai', at(13.1, 80.3), 'South Asia'],
    ['Tokyo', at(35.7, 139.7), 'East Asia'],
    ['Jakarta', at(-6.2, 106.8), 'Southeast Asia'],
    ['Auckland', at(-36.8, 174.8), 'Oceania'],
  ])('of %s is the one people would say', (_, place, name) => expect(REGIONS[regionOf(place)]!.name).toBe(name));
  it('is the one with the nearest middle', () => {
    fc.assert(
      fc.property(point, (place) => {
        const nearest = Math.min(...REGIONS.map((region) => distanceKm(place, region)));
        expect(distanceKm(place, REGIONS[regionOf(place)]!)).toBeCloseTo(nearest, 3);
      }),
    );
  });
});
