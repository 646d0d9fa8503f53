import { describe, expect, test } from 'vitest';
import { survivalFields, survivalLine } from './survival-line.ts';

const sent = (survives: number, relaxed: string[] = [], operators = 14) => ({ survives, placement: { totalShards: 24, survives: { nodes: 14, operators }, relaxed } });

describe('what a transfer survives, in a terminal', () => {
  test('is told for now and for soon', () => {
    expect(survivalLine(sent(4))).toBe('Any 4 of its 24 nodes can fail now, soon any 14.');
    expect(survivalLine(sent(-1))).toBe('None of its 24 nodes can fail now, soon any 14.');
    expect(survivalLine(sent(14))).toBe('Any 14 of its 24 nodes can fail.');
  });

  test('is one line, whatever rules the network is too small for', () => {
    const line = survivalLine(sent(4, ['region', 'country', 'unvetted', 'operator'], 0));
    expect(line).toBe(
      'Any 4 of its 24 nodes can fail now, soon any 14. The network is small: everything depends on one operator; many nodes share a place or a provider and could fail together; many nodes are new and unproven.',
    );
    expect(survivalLine(sent(4, ['operator'], 5))).toContain('any 5 can fail');
    expect(survivalLine({ survives: 3, placement: { totalShards: 6, survives: { nodes: 3, operators: 3 }, relaxed: ['anchors'] } })).toContain('few nodes are always online');
  });

  test('is numbers for scripts, with the rules by name', () => {
    expect(survivalFields(sent(4, ['region'], 13))).toEqual({ survives: { now: 4, nodes: 14, operators: 13 }, relaxed: ['region'] });
  });
});
