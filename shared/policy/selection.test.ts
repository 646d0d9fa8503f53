import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TransferLayout, redundancyFor } from '../protocol/layout.ts';
import { chooseNodes, chooseReplacement, randomFrom, type DirectoryNode, type SelectionRules } from './selection.ts';

const GIB = 2 ** 30;
const seedOf = (n: number): Uint8Array => new Uint8Array(16).map((_, i) => (n * 31 + i * 7) & 255);
const rules = (values: Partial<SelectionRules> = {}): SelectionRules => ({ nowMs: 1_000_000, onlineForMs: 180_000, seed: seedOf(1), allowSharedHosts: false, ...values });
const node = (i: number, values: Partial<DirectoryNode> = {}): DirectoryNode => ({
  nodeId: `node ${i}`,
  url: `https://n${i}.example.net`,
  operator: `operator ${i}`,
  network: `10.0.${i}.0/24`,
  capacityBytes: GIB,
  freeBytes: GIB,
  lastSeenMs: 999_000,
  ...values,
});
const many = (count: number, values: (i: number) => Partial<DirectoryNode> = () => ({})): DirectoryNode[] => Array.from({ length: count }, (_, i) => node(i, values(i)));

describe('choosing nodes', () => {
  it('takes 24 of many, the same ones for the same seed and others for another', () => {
    const directory = many(200);
    const first = chooseNodes(directory, 4096, rules());
    expect(first).toMatchObject({ requiredShards: 10, totalShards: 24, safeShards: 14 });
    expect(chooseNodes(directory, 4096, rules()).nodes).toEqual(first.nodes);
    expect(chooseNodes(directory, 4096, rules({ seed: seedOf(2) })).nodes).not.toEqual(first.nodes);
  });
  it('leaves out who is offline or has no room', () => {
    const directory = many(12, (i) => (i < 4 ? { lastSeenMs: 1_000_000 - 180_000 } : i < 8 ? { freeBytes: 100 } : {}));
    expect(
      chooseNodes(directory, 100_000, rules())
        .nodes.map(({ nodeId }) => nodeId)
        .toSorted(),
    ).toEqual(['node 10', 'node 11', 'node 8', 'node 9']);
  });
  it('takes one per operator and one per network', () => {
    const { nodes } = chooseNodes(
      many(60, (i) => ({ operator: `operator ${i % 10}`, network: `network ${i % 12}` })),
      4096,
      rules(),
    );
    expect(new Set(nodes.map(({ operator }) => operator)).size).toBe(nodes.length);
    expect(new Set(nodes.map(({ network }) => network)).size).toBe(nodes.length);
    expect(nodes.length).toBeGreaterThan(5);
  });
  it('takes neighbours up to three nodes and no further where the network is too small to be choosy', () => {
    const crowd = many(9, () => ({ operator: 'one', network: 'one' }));
    expect(chooseNodes(crowd, 4096, rules()).nodes.length).toBe(3);
    expect(chooseNodes(crowd, 4096, rules({ allowSharedHosts: true })).nodes.length).toBe(9);
  });
  it('refuses a network of two, or one with room on two', () => {
    expect(() => chooseNodes(many(2), 4096, rules())).toThrow(expect.objectContaining({ code: 'network_too_small' }));
    expect(() =>
      chooseNodes(
        many(5, (i) => ({ freeBytes: i < 2 ? GIB : 10 })),
        4096,
        rules(),
      ),
    ).toThrow(expect.objectContaining({ code: 'network_too_small' }));
  });
  it('believes no node more than 1 TiB of free space', () => {
    const directory = many(100, (i) => ({ freeBytes: i === 0 ? Number.MAX_SAFE_INTEGER : 2 ** 40 }));
    let boasting = 0;
    for (let i = 0; i < 300; i++) boasting += chooseNodes(directory, 4096, rules({ seed: seedOf(i) })).nodes.filter(({ nodeId }) => nodeId === 'node 0').length;
    expect(Math.abs(boasting - (300 * 24) / 100)).toBeLessThan(40);
  });
  it('prefers free space, in proportion', () => {
    const directory = many(100, (i) => ({ freeBytes: i < 50 ? 4 * GIB : GIB }));
    let large = 0;
    let all = 0;
    for (let i = 0; i < 300; i++) {
      const { nodes } = chooseNodes(directory, 4096, rules({ seed: seedOf(i) }));
      large += nodes.filter(({ freeBytes }) => freeBytes > GIB).length;
      all += nodes.length;
    }
    expect(large / all).toBeGreaterThan(0.68);
    expect(large / all).toBeLessThan(0.82);
  });
  it('chooses only distinct nodes that are online and hold their part, whatever the directory', () => {
    const anyNode = fc.record({ operator: fc.nat(9), network: fc.nat(9), freeBytes: fc.integer({ min: 0, max: 3_000_000 }), age: fc.integer({ min: 0, max: 400_000 }) });
    fc.assert(
      fc.property(fc.array(anyNode, { maxLength: 60 }), fc.integer({ min: 4096, max: 10_000_000 }), fc.boolean(), fc.nat(), (entries, contentBytes, allowSharedHosts, seed) => {
        const directory = entries.map(({ operator, network, freeBytes, age }, i) =>
          node(i, { operator: `o${operator}`, network: `n${network}`, freeBytes, lastSeenMs: 1_000_000 - age }),
        );
        let selection;
        try {
          selection = chooseNodes(directory, contentBytes, rules({ allowSharedHosts, seed: seedOf(seed) }));
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'network_too_small' });
          return;
        }
        const { nodes, ...redundancy } = selection;
        expect(redundancy).toEqual(redundancyFor(nodes.length));
        expect(new Set(nodes).size).toBe(nodes.length);
        const needBytes = new TransferLayout(contentBytes, redundancy.requiredShards).shardBytesPerNode;
        for (const { lastSeenMs, freeBytes } of nodes) expect(lastSeenMs > 1_000_000 - 180_000 && freeBytes >= needBytes).toBe(true);
      }),
    );
  });
});

describe('replacing a node', () => {
  it('takes one that the transfer never had, with room, away from the others', () => {
    const directory = many(8, (i) => (i === 6 ? { freeBytes: 5 } : i === 5 ? { operator: 'operator 1' } : i === 4 ? { network: '10.0.0.0/24' } : {}));
    const taken = directory.slice(0, 3);
    const excluded = new Set(['node 0', 'node 1', 'node 2', 'node 3']);
    expect(chooseReplacement(directory, taken, excluded, 100, rules())?.nodeId).toBe('node 7');
    expect(chooseReplacement(directory.slice(0, 7), taken, excluded, 100, rules())).toBeNull();
  });
});

describe('the generator', () => {
  it('is even, and never 0 or 1', () => {
    const random = randomFrom(seedOf(3));
    const bins = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 20_000; i++) {
      const value = random();
      expect(value > 0 && value < 1).toBe(true);
      bins[Math.floor(value * 10)]! += 1;
    }
    for (const count of bins) expect(Math.abs(count - 2000)).toBeLessThan(250);
    expect(() => randomFrom(new Uint8Array(15))).toThrow(RangeError);
  });
});
