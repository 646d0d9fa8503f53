import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DirectoryIndex } from './directory-index.ts';
import { randomFrom } from './random.ts';
import { GIB, crowdedDirectory, many, node, seedOf } from './testing/nodes.ts';

describe('the index of a directory', () => {
  it('has those with room first, whatever the directory', () => {
    fc.assert(
      fc.property(crowdedDirectory, fc.nat(3_000_000), (directory, needBytes) => {
        const index = new DirectoryIndex(directory);
        const fitting = index.candidates.slice(0, index.countWithSpace(needBytes)).map(({ node }) => node);
        const eligible = directory.filter(({ standing, freeBytes }) => (standing === 'vetted' || standing === 'unvetted') && freeBytes >= needBytes);
        expect(new Set(fitting)).toEqual(new Set(eligible));
      }),
    );
  });
  it('draws in proportion to free bytes, and only those asked for', () => {
    const index = new DirectoryIndex(many(40, (i) => ({ freeBytes: GIB * (1 + i) })));
    const random = randomFrom(seedOf(1));
    const counts = new Map<string, number>();
    const total = (30 * (11 + 40)) / 2;
    for (let i = 0; i < 60_000; i++) {
      const { nodeId } = index.draw(30, random()).node;
      counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
    }
    for (let i = 0; i < 40; i++) {
      const expected = i < 10 ? 0 : (60_000 * (1 + i)) / total;
      expect(Math.abs((counts.get(`node ${i}`) ?? 0) - expected), `node ${i}`).toBeLessThanOrEqual(5 * Math.sqrt(expected));
    }
  });
  it('draws somebody at either end of the numbers', () => {
    const index = new DirectoryIndex(many(3, (i) => ({ freeBytes: 3 - i })));
    expect(index.draw(3, Number.MIN_VALUE).node.nodeId).toBe('node 0');
    expect(index.draw(3, 1 - Number.EPSILON / 2).node.nodeId).toBe('node 2');
  });
  it('knows the anchors’ part of what vetted nodes have free: newcomers change nothing of it', () => {
    const directory = [node(0, { availability: 0.99, freeBytes: 3 * GIB }), node(1, { availability: 0.8 }), node(2, { standing: 'unvetted', freeBytes: 9 * GIB })];
    const index = new DirectoryIndex(directory);
    expect(index.anchorShare(3)).toBe(3 / 4);
    expect(index.anchorShare(1), 'only the newcomer').toBe(0);
    expect(index.anchorShare(0)).toBe(0);
  });
  it('knows what part of the space offered is used; nobody counts for more than 1 TiB of either, whatever it says', () => {
    const half = node(0, { capacityBytes: 4 * GIB, freeBytes: 2 * GIB });
    expect(new DirectoryIndex([half, node(1, { standing: 'suspended', capacityBytes: GIB, freeBytes: 0 })]).usedShare).toBe(1 / 2);
    const boast = new DirectoryIndex([half, node(1, { capacityBytes: Number.MAX_SAFE_INTEGER, freeBytes: Number.MAX_SAFE_INTEGER })]);
    expect(boast.usedShare).toBeCloseTo(2 / 1028, 9);
    const full = new DirectoryIndex([...many(1024, () => ({ capacityBytes: 4 * GIB, freeBytes: 4 * GIB })), node(1024, { capacityBytes: Number.MAX_SAFE_INTEGER, freeBytes: 0 })]);
    expect(full.usedShare).toBeCloseTo(1 / 5, 9);
  });
  it('finds every node, also those of no good standing', () => {
    const index = new DirectoryIndex(many(3, () => ({ standing: 'quarantined' })));
    expect(index.candidates).toEqual([]);
    expect(index.find('node 2')?.standing).toBe('quarantined');
    expect(index.find('node 3')).toBeUndefined();
  });
});
