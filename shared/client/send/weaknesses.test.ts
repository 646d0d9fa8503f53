import { describe, expect, it } from 'vitest';
import { weaknessesOf } from './weaknesses.ts';

const weaknesses = (relaxed: string[], { totalShards = 24, operators = 14 } = {}) => weaknessesOf({ totalShards, survives: { nodes: 14, operators }, relaxed });

describe('the weaknesses of a placement', () => {
  it('are none where every rule is kept', () => {
    expect(weaknesses([])).toEqual([]);
  });

  it.each([['region'], ['country'], ['asn'], ['network'], ['region', 'country', 'asn', 'network']])('name its places once: %s %s %s %s', (...relaxed) => {
    expect(weaknesses(relaxed)).toEqual(['places']);
  });

  it('name operators where fewer of them than nodes can be lost', () => {
    expect(weaknesses(['operator'], { operators: 13 })).toEqual(['operators']);
    expect(weaknesses(['operator'], { operators: 0 })).toEqual(['operators']);
  });

  it('leave out few anchors among 24 nodes, which alone serve nearly every download', () => {
    expect(weaknesses(['anchors'])).toEqual([]);
    expect(weaknesses(['anchors'], { totalShards: 23 })).toEqual(['absences']);
  });

  it('are one of each kind, the gravest first', () => {
    const all = ['anchors', 'region', 'country', 'asn', 'unvetted', 'network', 'operator'];
    expect(weaknesses(all, { totalShards: 6, operators: 2 })).toEqual(['operators', 'places', 'newcomers']);
  });

  it('leave out rules that this program does not know', () => {
    expect(weaknesses(['continent', 'toString'])).toEqual([]);
  });
});
