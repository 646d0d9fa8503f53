import { describe, expect, it } from 'vitest';
import { smallNetworkText, survivalText } from './survival.ts';

const placed = (relaxed: string[] = [], operators = 14) => ({ totalShards: 24, survives: { nodes: 14, operators }, relaxed });

describe('what a transfer survives', () => {
  it('is told for now and for soon, while nodes still rebuild', () => {
    expect(survivalText({ survives: 4, placement: placed() })).toBe('Any 4 of the 24 computers that keep your files can fail now, soon any 14, and nothing is lost.');
    expect(survivalText({ survives: 1, placement: placed() })).toContain('Any one of the 24 computers that keep your files can fail now, soon any 14,');
  });

  it('is one number where nothing is left to rebuild', () => {
    expect(survivalText({ survives: 14, placement: placed() })).toBe('Any 14 of the 24 computers that keep your files can fail, and nothing is lost.');
    const three = { totalShards: 3, survives: { nodes: 1, operators: 1 }, relaxed: [] };
    expect(survivalText({ survives: 1, placement: three })).toBe('Any one of the 3 computers that keep your files can fail, and nothing is lost.');
  });

  it.each([0, -1])('promises nothing for now with %i to lose', (survives) => {
    expect(survivalText({ survives, placement: placed() })).toBe('Soon any 14 of the 24 computers that keep your files can fail, and nothing is lost.');
  });
});

describe('a network that is too small for every rule', () => {
  it('is not spoken of where there is nothing to weigh', () => {
    expect(smallNetworkText(placed())).toBeNull();
    expect(smallNetworkText(placed(['anchors']))).toBeNull();
  });

  it('is told as what it means, in one sentence for each weakness', () => {
    expect(smallNetworkText(placed(['anchors', 'country', 'asn', 'unvetted']))).toBe(
      'This network is small. Many of these computers share a place or a provider, and could fail together. Many are new, and have yet to prove themselves.',
    );
    expect(smallNetworkText({ ...placed(['anchors']), totalShards: 6 })).toBe('This network is small. Few are always on, so a download may have to wait.');
  });

  it('says how many operators can fail where some run several computers', () => {
    expect(smallNetworkText(placed(['operator'], 5))).toBe('This network is small. Some of these computers share an operator; any 5 operators can fail with all of theirs.');
    expect(smallNetworkText(placed(['operator'], 1))).toContain('any one operator can fail with all of theirs.');
    expect(smallNetworkText(placed(['operator'], 0))).toContain('your files depend on that operator.');
  });
});
