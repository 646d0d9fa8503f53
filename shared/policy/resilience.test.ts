import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lossesSurvived } from './resilience.ts';

/** Every way to lose so many groups, tried. */
function bearsEvery(groups: readonly string[], requiredShards: number, losses: number): boolean {
  const names = [...new Set(groups)];
  const subsets = Array.from({ length: 2 ** names.length }, (_, bits) => names.filter((_, i) => bits & (1 << i))).filter(({ length }) => length === losses);
  return subsets.every((lost) => groups.filter((group) => !lost.includes(group)).length >= requiredShards);
}

describe('the losses that a transfer survives', () => {
  it('are all but k where every shard lies alone', () => {
    const nodes = Array.from({ length: 24 }, (_, i) => `${i}`);
    expect(lossesSurvived(nodes, 10)).toBe(14);
    expect(lossesSurvived(nodes.slice(0, 10), 10)).toBe(0);
    expect(lossesSurvived(nodes.slice(0, 9), 10)).toBe(0);
  });
  it('are counted at the worst: any so many groups can go, and some one more cannot', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1, maxLength: 24 }), fc.integer({ min: 1, max: 12 }), (groups, requiredShards) => {
        fc.pre(groups.length >= requiredShards);
        const losses = lossesSurvived(groups, requiredShards);
        expect(bearsEvery(groups, requiredShards, losses)).toBe(true);
        expect(bearsEvery(groups, requiredShards, losses + 1)).toBe(false);
      }),
    );
  });
});
