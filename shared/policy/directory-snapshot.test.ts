import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeB64, utf8 } from '../protocol/bytes.ts';
import type { DirectoryNode } from './directory-node.ts';
import { encodeSnapshot, parseSnapshot, type DirectorySnapshot } from './directory-snapshot.ts';
import { STANDINGS } from './standing.ts';
import { many } from './testing/nodes.ts';

/** JSON knows no −0. */
const within = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true }).map((value) => value + 0);
const nodeId = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(encodeB64);
const anyNode: fc.Arbitrary<DirectoryNode> = fc.record({
  nodeId,
  url: fc.webUrl().filter((url) => url.length < 500),
  operator: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
  network: fc.constantFrom('203.0.113.0/24', '2a00:1450:4001:812::/64', 'node.example.com'),
  country: fc.option(fc.constantFrom('DE', 'BR', 'NZ')),
  asn: fc.option(fc.nat(2 ** 31 - 1)),
  region: fc.option(fc.record({ latitude: within(-90, 90), longitude: within(-180, 180) })),
  capacityBytes: fc.maxSafeNat(),
  freeBytes: fc.maxSafeNat(),
  lastSeenMs: fc.maxSafeNat(),
  standing: fc.constantFrom(...STANDINGS),
  integrity: within(0, 1),
  availability: within(0, 1),
  speed: fc.option(within(0, 100)),
});
const anySnapshot: fc.Arbitrary<DirectorySnapshot> = fc.record({
  atMs: fc.maxSafeNat(),
  nodes: fc.uniqueArray(anyNode, { maxLength: 8, selector: ({ nodeId }) => nodeId }),
});
const refused = expect.objectContaining({ name: 'SendError', code: 'internal' });

describe('a published snapshot', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        expect(parseSnapshot(encodeSnapshot(snapshot))).toEqual(snapshot);
      }),
    );
  });
  it('is refused when it was cut anywhere or goes on', () => {
    const whole = encodeSnapshot(fc.sample(anySnapshot, { numRuns: 1, seed: 5 })[0]!);
    for (let length = 0; length < whole.length; length++) expect(() => parseSnapshot(whole.subarray(0, length)), `${length} bytes`).toThrow(refused);
    expect(() => parseSnapshot(Uint8Array.of(...whole, 0x7d))).toThrow(refused);
  });
  it('is refused when it is anything else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(utf8)), (bytes) => {
        expect(() => parseSnapshot(bytes)).toThrow(refused);
      }),
    );
  });
  it('has a few hundred bytes a node', () => {
    const nodes = fc.sample(anyNode, { numRuns: 1, seed: 1 }).flatMap((node) => many(10_000).map(({ url, operator, network }) => ({ ...node, url, operator, network })));
    expect(encodeSnapshot({ atMs: 0, nodes }).length).toBeLessThan(10_000 * 300);
  });
});

describe('one wrong value', () => {
  const one: DirectorySnapshot = { atMs: 1, nodes: fc.sample(anyNode, { numRuns: 2, seed: 3 }).map((node) => ({ ...node, region: { latitude: 1, longitude: 2 } })) };
  type Json = { version: unknown; atMs: unknown; nodes: Record<string, unknown[]> };
  const changed = (change: (json: Json) => void): Uint8Array<ArrayBuffer> => {
    const json = JSON.parse(new TextDecoder().decode(encodeSnapshot(one))) as Json;
    change(json);
    return utf8(JSON.stringify(json));
  };

  it.each<[string, (json: Json) => void]>([
    ['another version', (json) => (json.version = 2)],
    ['a time before 1970', (json) => (json.atMs = -1)],
    ['a field more', (json) => Object.assign(json, { more: 1 })],
    ['a column more', (json) => (json.nodes['more'] = [1, 2])],
    ['a column less', (json) => delete json.nodes['speed']],
    ['a short column', (json) => json.nodes['speed']!.pop()],
    ['no list', (json) => Object.assign(json.nodes, { asn: 7 })],
    ['half a region', (json) => (json.nodes['latitude']![0] = null)],
    ['two nodes of one id', (json) => (json.nodes['nodeId']![1] = json.nodes['nodeId']![0])],
  ])('is %s', (_, change) => expect(() => parseSnapshot(changed(change))).toThrow(refused));
  it.each<[string, unknown]>([
    ['nodeId', 'AAAA'],
    ['nodeId', `${'A'.repeat(42)}B`],
    ['url', 'ftp://node.example'],
    ['operator', ''],
    ['network', null],
    ['country', 'de'],
    ['asn', -1],
    ['asn', 1.5],
    ['latitude', 91],
    ['longitude', '2'],
    ['capacityBytes', -1],
    ['freeBytes', 2 ** 53],
    ['lastSeenMs', null],
    ['standing', STANDINGS.length],
    ['integrity', 1.01],
    ['availability', null],
    ['speed', -0.1],
  ])('is %s = %j', (column, value) => {
    expect(() => parseSnapshot(changed(({ nodes }) => (nodes[column]![0] = value)))).toThrow(
      expect.objectContaining({ code: 'internal', message: expect.stringContaining(column) as string }),
    );
  });
});
