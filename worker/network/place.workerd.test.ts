import { describe, expect, it } from 'vitest';
import { connectionOf, placeOf, senderOf } from './place.ts';

const LISBON = { country: 'PT', asn: 3243, latitude: '38.72230', longitude: '-9.13930' };
const place = (said?: { latitude: number; longitude: number }, connection: object | null = LISBON) => placeOf('node.example.net', '198.51.100.7', said, connection);

describe('where a node stands', () => {
  it('is what its connection tells', () => {
    expect(place()).toEqual({ network: '198.51.100.0/24', country: 'PT', asn: 3243, region: { latitude: 38.7223, longitude: -9.1393 } });
  });
  it('is its own word where that agrees roughly, or where nothing else is known', () => {
    const porto = { latitude: 41.15, longitude: -8.61 };
    expect(place(porto).region).toEqual(porto);
    expect(place(porto, null)).toEqual({ network: '198.51.100.0/24', country: null, asn: null, region: porto });
    expect(place(undefined, null).region).toBeNull();
  });
  it('is not its own word where its connection comes from far away', () => {
    expect(place({ latitude: 35.68, longitude: 139.69 }).region).toEqual({ latitude: 38.7223, longitude: -9.1393 });
  });
  it('is unknown where the platform knows nothing, or says what is no place', () => {
    for (const country of ['XX', 'T1', '', 'pt', 7, undefined]) expect(place(undefined, { ...LISBON, country }).country).toBeNull();
    for (const asn of [0, -1, 1.5, 2 ** 32, '3243', undefined]) expect(place(undefined, { ...LISBON, asn }).asn).toBeNull();
    for (const latitude of ['', ' ', 'north', '90.1', undefined]) expect(place(undefined, { ...LISBON, latitude }).region).toBeNull();
  });
  it('is not told by the connection on a network of one machine', () => {
    const request = new Request('https://send.example/', { cf: LISBON });
    expect(connectionOf(request, true)).toBeNull();
    expect(connectionOf(request, false)).toMatchObject({ country: 'PT' });
  });
});

describe('where a sender is', () => {
  it('is told to whole degrees and no closer', () => {
    expect(senderOf(LISBON)).toEqual({ latitude: 39, longitude: -9 });
    expect(senderOf({})).toBeNull();
    expect(senderOf(null)).toBeNull();
  });
});
