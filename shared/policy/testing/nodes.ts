/** Directories to choose from: nodes that are alike except for what a test says of them. */
import fc from 'fast-check';
import { UNMEASURED, type DirectoryNode } from '../directory-node.ts';
import { REGIONS, type GeoPoint } from '../geography.ts';
import type { SelectionTerms } from '../selection.ts';
import { STANDINGS } from '../standing.ts';

export const GIB = 2 ** 30;
export const NOW_MS = 1_000_000;
export const ONLINE_FOR_MS = 180_000;

export const seedOf = (n: number): Uint8Array => new Uint8Array(16).map((_, i) => (Math.imul(n + 1, 0x9e3779b1) >>> (i & 15)) & 255);
export const terms = (values: Partial<SelectionTerms> = {}): SelectionTerms => ({
  nowMs: NOW_MS,
  onlineForMs: ONLINE_FOR_MS,
  seed: seedOf(1),
  allowSharedHosts: false,
  sender: null,
  ...values,
});

/** The middle of a region, by its place in REGIONS. */
export const middleOf = (region: number): GeoPoint => ({ latitude: REGIONS[region]!.latitude, longitude: REGIONS[region]!.longitude });

/** A vetted server in a place of its own, as far as nine regions allow. */
export const node = (i: number, values: Partial<DirectoryNode> = {}): DirectoryNode => ({
  ...UNMEASURED,
  nodeId: `node ${i}`,
  url: `https://n${i}.example.net`,
  operator: `operator ${i}`,
  network: `${10 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.0/24`,
  country: `country ${i % 40}`,
  asn: i % 100,
  region: middleOf(i % REGIONS.length),
  capacityBytes: GIB,
  freeBytes: GIB,
  lastSeenMs: NOW_MS - 1000,
  standing: 'vetted',
  ...values,
});

export const many = (count: number, values: (i: number) => Partial<DirectoryNode> = () => ({})): DirectoryNode[] => Array.from({ length: count }, (_, i) => node(i, values(i)));

/** Crowded directories: few operators, networks, countries and systems, all standings, some unknown, some offline, some full. */
export const crowdedDirectory = fc
  .record({ groups: fc.integer({ min: 2, max: 40 }), size: fc.constantFrom(5, 30, 60, 300) })
  .chain(({ groups, size }) => {
    const group = fc.nat(groups);
    const entry = fc.record({
      operator: group.map((i) => `operator ${i}`),
      network: group.map((i) => `network ${i}`),
      country: fc.option(group.map((i) => `country ${i}`)),
      asn: fc.option(group),
      region: fc.option(fc.nat(REGIONS.length - 1).map(middleOf)),
      freeBytes: fc.integer({ min: 0, max: 3_000_000 }),
      lastSeenMs: fc.integer({ min: NOW_MS - 200_000, max: NOW_MS }),
      standing: fc.oneof({ weight: 5, arbitrary: fc.constant('vetted' as const) }, { weight: 2, arbitrary: fc.constantFrom(...STANDINGS) }),
      availability: fc.constantFrom(0.5, 0.9, 0.98, 0.999),
      integrity: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    return fc.array(entry, { minLength: 0, maxLength: size, size: 'max' });
  })
  .map((entries) => entries.map((values, i) => node(i, values)));
