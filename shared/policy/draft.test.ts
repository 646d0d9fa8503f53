import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DirectoryIndex } from './directory-index.ts';
import type { DirectoryNode } from './directory-node.ts';
import { draftNodes, type Drafted } from './draft.ts';
import { PLACEMENT_RULES } from './placement-rules.ts';
import { randomFrom } from './random.ts';
import { crowdedDirectory, many, seedOf, terms } from './testing/nodes.ts';
import { brokenRules } from './testing/reference-rules.ts';

const NEED_BYTES = 1000;
const eligibleIn = (directory: readonly DirectoryNode[]): DirectoryNode[] =>
  directory.filter(
    ({ standing, freeBytes, lastSeenMs }) => (standing === 'vetted' || standing === 'unvetted') && freeBytes >= NEED_BYTES && terms().nowMs - lastSeenMs < terms().onlineForMs,
  );
const draft = (nodes: readonly DirectoryNode[], seed = 1, count = 24): Drafted =>
  draftNodes(new DirectoryIndex(nodes), { kept: [], excluded: new Set(), count, needBytes: NEED_BYTES }, terms(), randomFrom(seedOf(seed)));

describe('a round of choosing', () => {
  it('looks at no more nodes in a network of 10,000 than in one of 500', () => {
    const examinedOf = (size: number): number => {
      const directory = many(size, (i) => ({ availability: i % 2 === 0 ? 0.8 : 0.99 }));
      return Array.from({ length: 50 }, (_, seed) => draft(directory, seed).examined).reduce((a, b) => a + b) / 50;
    };
    const [small, large] = [examinedOf(500), examinedOf(10_000)];
    expect(large).toBeLessThanOrEqual(small * 1.1);
    expect(large).toBeLessThan(100);
  });
  it('looks at all of them a few times only, however strained the network', () => {
    const strained: ((i: number) => Partial<DirectoryNode>)[] = [
      () => ({ country: null, asn: null, region: null }),
      (i) => ({ standing: i < 5 ? 'vetted' : 'unvetted', country: null, asn: null }),
      (i) => ({ lastSeenMs: i % 100 === 0 ? terms().nowMs : 0 }),
      (i) => ({ operator: `operator ${i % 30}` }),
    ];
    for (const values of strained) expect(draft(many(10_000, values)).examined).toBeLessThan(6 * 10_000);
  });
  it('fills every seat that anybody may have: what is left over stands too near to the chosen', () => {
    fc.assert(
      fc.property(crowdedDirectory, fc.nat(), (directory, seed) => {
        const { nodes } = draft(directory, seed);
        if (nodes.length === 24) return;
        const left = eligibleIn(directory).filter((node) => !nodes.includes(node));
        const near = left.filter((other) => nodes.some(({ operator, network }) => operator === other.operator || network === other.network));
        expect(left).toEqual(nodes.length < 3 ? [] : near);
      }),
    );
  });
  it('breaks a rule first where no other node would have broken less', () => {
    const SEATS = 12;
    const breachOf = (nodes: readonly DirectoryNode[]): number[] => brokenRules(nodes, SEATS).map((rule) => PLACEMENT_RULES.indexOf(rule));
    fc.assert(
      fc.property(crowdedDirectory, fc.nat(), (directory, seed) => {
        // Of anchors the draft may ask less than half.
        const nodes = draft(directory, seed, SEATS).nodes;
        const first = nodes.findIndex((_, i) => Math.max(...breachOf(nodes.slice(0, i + 1))) > 0);
        if (first < 0) return;
        const before = nodes.slice(0, first);
        const least = Math.max(...breachOf([...before, nodes[first]!]));
        for (const other of eligibleIn(directory)) {
          if (!before.includes(other)) expect(Math.max(...breachOf([...before, other]))).toBeGreaterThanOrEqual(least);
        }
      }),
      { numRuns: 200 },
    );
  });
});
