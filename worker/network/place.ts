/**
 * Where a request comes from, as the platform tells it: it decides what rules of placement count of a node, and which
 * nodes are near a sender. A node may know better where it stands, but not stand elsewhere.
 */
import { networkOf } from '../../shared/policy/address.ts';
import type { DirectoryNode } from '../../shared/policy/directory-node.ts';
import { distanceKm, type GeoPoint } from '../../shared/policy/geography.ts';

/** What the directory knows of a node by its connection and its own words. */
export type NodePlace = Pick<DirectoryNode, 'network' | 'country' | 'asn' | 'region'>;

/** Of `request.cf`, what is read; each may be missing. */
export interface Connection {
  readonly country?: unknown;
  readonly asn?: unknown;
  readonly latitude?: unknown;
  readonly longitude?: unknown;
}

/** A node's own word about its region counts up to this far from where its connection comes from: databases of addresses err by as much. */
const AGREES_WITHIN_KM = 1_000;
/** Neither is a country: unknown, and Tor. */
const NO_COUNTRIES: ReadonlySet<string> = new Set(['XX', 'T1']);

/** The connection of a request. On a network of one machine it says nothing of any node or sender: null. */
export function connectionOf(request: Request, onOneMachine: boolean): Connection | null {
  return onOneMachine ? null : ((request.cf as Connection | undefined) ?? null);
}

/**
 * @param hostname - of the node's URL.
 * @param address - from which it registers, where known.
 * @param said - the region that it names itself.
 */
export function placeOf(hostname: string, address: string | undefined, said: GeoPoint | undefined, connection: Connection | null): NodePlace {
  return { network: networkOf(hostname, address), country: countryOf(connection), asn: asnOf(connection), region: regionFrom(said ?? null, pointOf(connection)) };
}

/** Where a sender is, to whole degrees: enough to tell near nodes from far ones, and no more than that. */
export function senderOf(connection: Connection | null): GeoPoint | null {
  const point = pointOf(connection);
  return point && { latitude: Math.round(point.latitude), longitude: Math.round(point.longitude) };
}

function regionFrom(said: GeoPoint | null, seen: GeoPoint | null): GeoPoint | null {
  if (said === null || seen === null) return seen ?? said;
  return distanceKm(said, seen) <= AGREES_WITHIN_KM ? said : seen;
}

function countryOf(connection: Connection | null): string | null {
  const country = connection?.country;
  return typeof country === 'string' && /^[A-Z]{2}$/.test(country) && !NO_COUNTRIES.has(country) ? country : null;
}

function asnOf(connection: Connection | null): number | null {
  const asn = connection?.asn;
  return typeof asn === 'number' && Number.isInteger(asn) && asn > 0 && asn < 2 ** 32 ? asn : null;
}

/** The platform gives degrees as text. */
function pointOf(connection: Connection | null): GeoPoint | null {
  const [latitude, longitude] = [degrees(connection?.latitude, 90), degrees(connection?.longitude, 180)];
  return latitude === null || longitude === null ? null : { latitude, longitude };
}

function degrees(value: unknown, most: number): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Math.abs(number) <= most ? number : null;
}
