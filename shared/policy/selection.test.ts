import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TransferLayout, redundancyFor } from '../protocol/layout.ts';
import { DirectoryIndex } from './directory-index.ts';
import { isAnchor, type DirectoryNode } from './directory-node.ts';
import { chooseNodes, chooseReplacements, type Selection } from './selection.ts';
import { GIB, NOW_MS, ONLINE_FOR_MS, crowdedDirectory, many, middleOf, node, seedOf, terms } from './testing/nodes.ts';
import { brokenRules } from './testing/reference-rules.ts';

const choose = (nodes: readonly DirectoryNode[], values: Parameters<typeof terms>[0] = {}, contentBytes = 4096): Selection =>
  chooseNodes(new DirectoryIndex(nodes), contentBytes, terms(values));
const idsOf = (nodes: readonly DirectoryNode[]): string[] => nodes.map(({ nodeId }) => nodeId).toSorted();
/** How often each node is chosen over so many transfers. */
function countChoices(nodes: readonly DirectoryNode[], transfers: number, values: (i: number) => Parameters<typeof terms>[0] = () => ({})): Map<DirectoryNode, number> {
  const index = new DirectoryIndex(nodes);
  const counts = new Map(nodes.map((node) => [node, 0]));
  for (let i = 0; i < transfers; i++) {
    for (const chosen of chooseNodes(index, 4096, terms({ seed: seedOf(i), ...values(i) })).nodes) counts.set(chosen, counts.get(chosen)! + 1);
  }
  return counts;
}
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe('choosing nodes', () => {
  it('takes 24 of many under every rule, the same ones for the same seed and others for another', () => {
    const directory = many(400);
    const first = choose(directory);
    expect(first).toMatchObject({ requiredShards: 10, totalShards: 24, safeShards: 14, relaxed: [], survives: { nodes: 14, operators: 14 } });
    expect(choose(directory).nodes).toEqual(first.nodes);
    expect(choose(directory.toReversed()).nodes, 'in whatever order the directory lists them').toEqual(first.nodes);
    expect(choose(directory, { seed: seedOf(2) }).nodes).not.toEqual(first.nodes);
  });
  it('leaves out who is offline, has no room, or is of no good standing', () => {
    const directory = [
      ...many(4, () => ({ lastSeenMs: NOW_MS - ONLINE_FOR_MS })),
      ...(['suspended', 'quarantined', 'disqualified', 'leaving'] as const).map((standing, i) => node(4 + i, { standing })),
      ...many(12, () => ({ freeBytes: 100 })).slice(8),
      ...many(16).slice(12),
    ];
    expect(idsOf(choose(directory, {}, 100_000).nodes)).toEqual(['node 12', 'node 13', 'node 14', 'node 15']);
  });
  it('refuses a network of two, or one with room on two', () => {
    expect(() => choose(many(2))).toThrow(expect.objectContaining({ code: 'network_too_small' }));
    expect(() => choose(many(5, (i) => ({ freeBytes: i < 2 ? GIB : 10 })))).toThrow(expect.objectContaining({ code: 'network_too_small' }));
  });
  it('settles for the number of nodes that have room for what then falls to each', () => {
    const directory = many(24, (i) => ({ freeBytes: i < 8 ? GIB : GIB / 8 }));
    const { nodes, totalShards, requiredShards } = choose(directory, {}, GIB * 2);
    expect({ totalShards, requiredShards }).toEqual({ totalShards: 8, requiredShards: 3 });
    expect(nodes.every(({ freeBytes }) => freeBytes === GIB)).toBe(true);
  });
  it('keeps every rule that it does not report as relaxed, and relaxes none that the nodes keep, whatever the directory', () => {
    fc.assert(
      fc.property(
        crowdedDirectory,
        fc.integer({ min: 4096, max: 10_000_000 }),
        fc.boolean(),
        fc.nat(),
        fc.option(fc.nat(8).map(middleOf)),
        (directory, contentBytes, allowSharedHosts, seed, sender) => {
          let selection;
          try {
            selection = choose(directory, { allowSharedHosts, seed: seedOf(seed), sender }, contentBytes);
          } catch (thrown) {
            expect(thrown).toMatchObject({ code: 'network_too_small' });
            return;
          }
          const { nodes, relaxed, survives, ...redundancy } = selection;
          expect(redundancy).toEqual(redundancyFor(nodes.length));
          expect(new Set(nodes).size).toBe(nodes.length);
          const needBytes = new TransferLayout(contentBytes, redundancy.requiredShards).shardBytesPerNode;
          for (const { lastSeenMs, freeBytes, standing } of nodes) {
            expect(lastSeenMs > NOW_MS - ONLINE_FOR_MS && freeBytes >= needBytes && (standing === 'vetted' || standing === 'unvetted')).toBe(true);
          }
          expect(relaxed).toEqual(brokenRules(nodes));
          if (nodes.length > 3 && !allowSharedHosts) expect(relaxed.filter((rule) => rule === 'operator' || rule === 'network')).toEqual([]);
          expect(survives.nodes).toBe(redundancy.totalShards - redundancy.requiredShards);
          if (!relaxed.includes('operator')) expect(survives.operators).toBe(survives.nodes);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('the rules', () => {
  const regionOnly = (i: number) => ({ region: middleOf(i % 10 === 0 ? 0 : 2) });

  it.each<[string, (i: number) => Partial<DirectoryNode>]>([
    ['most nodes are in one system', (i) => ({ asn: i % 4 === 0 ? i : 7 })],
    ['most systems are unknown', (i) => ({ asn: i % 4 === 0 ? i : null })],
    ['most nodes are in one country', (i) => ({ country: i % 4 === 0 ? `country ${i}` : 'XX' })],
    ['most countries are unknown', (i) => ({ country: i % 4 === 0 ? `country ${i}` : null })],
    ['nine of ten nodes are in one region', regionOnly],
    ['there are two regions, and many that do not say', (i) => ({ region: [middleOf(0), middleOf(2), null][i % 3]! })],
    ['most nodes do not say where they stand', (i) => ({ region: i % 4 === 0 ? middleOf(i % 9) : null })],
    ['most nodes are unvetted', (i) => ({ standing: i % 4 === 0 ? 'vetted' : 'unvetted' })],
    ['most nodes are homes', (i) => ({ availability: i % 5 < 2 ? 0.99 : 0.8 })],
  ])('are all kept where %s', (_, values) => {
    const directory = many(600, values);
    for (let i = 0; i < 40; i++) expect(brokenRules(choose(directory, { seed: seedOf(i), sender: middleOf(2) }).nodes)).toEqual([]);
  });

  it('give way one after another, the least important first', () => {
    const oneSystem = many(30, (i) => ({ asn: 1, ...(i < 24 ? {} : { asn: i, standing: 'unvetted' as const }) }));
    expect(choose(oneSystem).relaxed, 'rather more of one system than more newcomers').toEqual(['asn']);
    const oneRegion = many(60, (i) => ({ region: middleOf(2), country: i < 30 ? 'DE' : `country ${i}` }));
    expect(choose(oneRegion).relaxed, 'a country that need not be crowded is not').toEqual(['region']);
    const homes = many(30, () => ({ availability: 0.8 }));
    expect(choose(homes).relaxed).toEqual(['anchors']);
  });
  it('let unvetted nodes fill up where the vetted are too few: a new network works from the first day', () => {
    const directory = many(40, (i) => ({ standing: i < 9 ? 'vetted' : 'unvetted' }));
    const { nodes, relaxed } = choose(directory);
    expect(nodes.filter(({ standing }) => standing === 'vetted').length).toBe(9);
    expect(relaxed).toEqual(['anchors', 'unvetted']);
  });
  it('keep nothing of a network on one machine but that it works, and say so', () => {
    const machine = many(12, () => ({ operator: 'one', network: 'one', country: null, asn: null, region: null }));
    expect(choose(machine, { allowSharedHosts: true })).toMatchObject({
      totalShards: 12,
      relaxed: ['region', 'country', 'asn', 'network', 'operator'],
      survives: { nodes: 7, operators: 0 },
    });
  });
  it('take neighbours up to three nodes and no further where the network is too small to be choosy', () => {
    const crowd = many(9, () => ({ operator: 'one', network: 'one' }));
    expect(choose(crowd)).toMatchObject({ totalShards: 3, relaxed: ['network', 'operator'], survives: { nodes: 1, operators: 0 } });
    const pairs = many(60, (i) => ({ operator: `operator ${i % 10}`, network: `network ${i % 12}` }));
    expect(choose(pairs).relaxed).not.toContain('operator');
    expect(choose(pairs).nodes.length).toBeGreaterThan(5);
  });
  it('ask less of anchors that hold little: the same few would carry every transfer', () => {
    const directory = many(1000, (i) => ({ availability: i < 30 ? 0.99 : 0.8 }));
    const counts = countChoices(directory, 200);
    const [anchors, all] = [sum(directory.filter(isAnchor).map((anchor) => counts.get(anchor)!)), sum([...counts.values()])];
    expect(anchors / all).toBeLessThan(3 * 0.03);
  });
});

describe('the load', () => {
  // Homes and servers of many sizes in regions of many sizes, senders where the nodes are.
  const regionFor = (i: number): number => [0, 2, 0, 2, 6, 2, 0, 5, 7, 2, 1, 0, 2, 3, 8, 4][i % 16]!;
  const directory = many(2000, (i) => ({
    country: `country ${regionFor(i)} ${i % 7}`,
    region: middleOf(regionFor(i)),
    freeBytes: GIB * (1 + ((i * 7919) % 97) / 8),
    availability: i % 2 === 0 ? 0.8 : 0.995,
    speed: 0.4 + ((i * 104_729) % 31) / 15,
  }));

  it('is even: the busiest hundredth of the nodes carries less than three times the mean for each free byte', () => {
    const counts = countChoices(directory, 4000, (i) => ({ sender: middleOf(regionFor(i)) }));
    const perByte = directory.map((node) => counts.get(node)! / node.freeBytes).toSorted((a, b) => b - a);
    const mean = sum([...counts.values()]) / sum(directory.map(({ freeBytes }) => freeBytes));
    const busiest = perByte.slice(0, directory.length / 100);
    expect(sum(busiest) / busiest.length / mean).toBeLessThan(3);
  });
  it('goes by free space where nodes are equally good', () => {
    const counts = countChoices(
      many(200, (i) => ({ freeBytes: i < 100 ? 4 * GIB : GIB })),
      300,
    );
    const large = sum([...counts].filter(([{ freeBytes }]) => freeBytes > GIB).map(([, count]) => count));
    expect(large / sum([...counts.values()])).toBeGreaterThan(0.72);
    expect(large / sum([...counts.values()])).toBeLessThan(0.84);
  });
  describe('of nodes that hold more than twice their part of what the network holds', () => {
    const FULL = 100 * GIB;
    const shareOf = (isStrained: (i: number) => boolean, values: (i: number) => Partial<DirectoryNode>, size = 300, contentBytes = 4096): number => {
      const directory = many(size, (i) => ({ capacityBytes: FULL, freeBytes: FULL - GIB / 10, ...(isStrained(i) ? values(i) : {}) }));
      const index = new DirectoryIndex(directory);
      let strained = 0;
      for (let seed = 0; seed < 100; seed++)
        strained += chooseNodes(index, contentBytes, terms({ seed: seedOf(seed) })).nodes.filter((one) => isStrained(directory.indexOf(one))).length;
      return strained / 2400 / (directory.filter((_, i) => isStrained(i)).length / size);
    };
    it.each([100, 300])('is small, however good they are and however empty the network of %i is', (size) => {
      expect(
        shareOf(
          (i) => i % 10 === 0,
          () => ({ freeBytes: FULL - GIB, speed: 2 }),
          size,
        ),
      ).toBeLessThan(0.1);
    });
    it('is no smaller up to twice', () => {
      expect(
        shareOf(
          (i) => i % 10 === 0,
          () => ({ freeBytes: FULL - GIB * 0.18 }),
        ),
      ).toBeGreaterThan(0.9);
    });
    it('counts what they would get: large shards go to those that offer much, more than by the draw', () => {
      const small = (contentBytes: number): number =>
        shareOf(
          (i) => i % 2 === 0,
          () => ({ capacityBytes: FULL / 4, freeBytes: FULL / 4 - GIB / 40 }),
          300,
          contentBytes,
        );
      expect(small(4096)).toBeGreaterThan(0.35);
      expect(small(20 * GIB)).toBeLessThan(0.1);
    });
    it('is what it would be where the network holds nothing', () => {
      expect(
        shareOf(
          (i) => i % 10 === 0,
          () => ({ freeBytes: FULL }),
        ),
      ).toBeGreaterThan(0.9);
    });
  });
  it('of a node that boasts of more than 1 TiB of free space is that of one with 1 TiB', () => {
    const counts = countChoices(
      many(200, (i) => ({ freeBytes: i === 0 ? Number.MAX_SAFE_INTEGER : 2 ** 40 })),
      500,
    );
    expect(Math.abs([...counts.values()][0]! - (500 * 24) / 200)).toBeLessThan(30);
  });
  it.each<[string, Partial<DirectoryNode>, Partial<DirectoryNode>]>([
    ['believed', { integrity: 0.98 }, { integrity: 0.999 }],
    ['up', { availability: 0.7 }, { availability: 0.9 }],
    ['fast', { speed: 0.5 }, { speed: 1.5 }],
    ['near', { region: middleOf(8) }, { region: middleOf(2) }],
  ])('of two nodes goes to the better one: the more %s', (_, worse, better) => {
    const counts = countChoices(
      many(300, (i) => ({ region: middleOf(2), ...(i % 2 === 0 ? worse : better) })),
      100,
      () => ({ sender: middleOf(2) }),
    );
    const betters = sum([...counts.values()].filter((_, i) => i % 2 === 1));
    expect(betters / sum([...counts.values()])).toBeGreaterThan(0.57);
  });
});

describe('replacing nodes', () => {
  it('takes ones that the transfer never had, with room, away from those that it keeps', () => {
    const directory = many(8, (i) => (i === 6 ? { freeBytes: 5 } : i === 5 ? { operator: 'operator 1' } : i === 4 ? { network: '10.0.0.0/24' } : {}));
    const kept = directory.slice(0, 3);
    const excluded = new Set(['node 3']);
    expect(idsOf(chooseReplacements(new DirectoryIndex(directory), kept, excluded, 5, 100, terms()))).toEqual(['node 7']);
    expect(chooseReplacements(new DirectoryIndex(directory.slice(0, 7)), kept, excluded, 1, 100, terms())).toEqual([]);
  });
  it('counts in what the transfer keeps, also of nodes that the directory has forgotten', () => {
    const directory = many(300, (i) => ({ asn: i < 100 ? 1 : i }));
    const kept = [...directory.slice(0, 6), ...many(312).slice(300)].map(({ nodeId, operator, network }) => ({ nodeId, operator, network }));
    for (let i = 0; i < 20; i++) {
      const fresh = chooseReplacements(new DirectoryIndex(directory), kept, new Set(), 6, 100, terms({ seed: seedOf(i) }));
      expect(fresh.length).toBe(6);
      expect(
        fresh.filter(({ asn }) => asn === 1),
        'a quarter is in that system already',
      ).toEqual([]);
    }
  });
  it('leaves a transfer that kept every rule with every rule kept, whoever was lost', () => {
    const directory = many(500, (i) => ({ availability: i % 2 === 0 ? 0.8 : 0.99, standing: i % 9 === 0 ? 'unvetted' : 'vetted', asn: i % 3 === 0 ? null : i % 20 }));
    const index = new DirectoryIndex(directory);
    fc.assert(
      fc.property(fc.nat(), fc.uniqueArray(fc.nat(23), { minLength: 1, maxLength: 14 }), (seed, lost) => {
        const { nodes } = chooseNodes(index, 4096, terms({ seed: seedOf(seed) }));
        const kept = nodes.filter((_, i) => !lost.includes(i));
        const had = new Set(nodes.map(({ nodeId }) => nodeId));
        const fresh = chooseReplacements(index, kept, had, lost.length, 4096, terms({ seed: seedOf(seed + 1) }));
        expect(fresh.length).toBe(lost.length);
        expect(fresh.some(({ nodeId }) => had.has(nodeId))).toBe(false);
        expect(brokenRules([...kept, ...fresh])).toEqual([]);
      }),
    );
  });
});
