import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { networkSummarySchema } from '../../protocol/node-status.ts';
import { marginRows, regionRows, shardsOf, standingRows, usedShare, verdictOf } from './health.ts';
import { networks, summaryAt } from './testing/samples.ts';

const byMargin = (...rows: [margin: number, transfers: number, shards: number][]) => rows.map(([margin, transfers, shards]) => ({ margin, transfers, shards }));
const withMargins = (...rows: [number, number, number][]) => ({ ...networks.healthy, transfers: { ...networks.healthy.transfers, byMargin: byMargin(...rows) } });

it('shows only what a coordinator may publish', () => {
  for (const name of Object.keys(networks) as (keyof typeof networks)[]) expect(v.is(networkSummarySchema, summaryAt(name, 1)), name).toBe(true);
});

describe('the verdict', () => {
  it('names the worst that is true', () => {
    expect(verdictOf(networks.nothing)).toEqual({ kind: 'empty' });
    expect(verdictOf({ ...networks.troubled, nodes: { ...networks.troubled.nodes, online: 2 } })).toEqual({ kind: 'few', online: 2 });
    expect(verdictOf(networks.troubled)).toEqual({ kind: 'waiting', transfers: 7 });
    expect(verdictOf(withMargins([0, 38, 100], [4, 1, 9]))).toEqual({ kind: 'thin', transfers: 38 });
    expect(verdictOf(networks.dark)).toEqual({ kind: 'away', away: 30, total: 61 });
    expect(verdictOf(networks.small)).toEqual({ kind: 'idle' });
    expect(verdictOf(networks.healthy)).toEqual({ kind: 'well', margin: 4 });
  });

  it('does not count margins that no transfer has', () => {
    expect(verdictOf(withMargins([-1, 0, 0], [0, 0, 0], [3, 5, 9]))).toEqual({ kind: 'well', margin: 3 });
  });
});

describe('what transfers can lose', () => {
  it('is told in steps that double, the safest first, and only where there are transfers', () => {
    const rows = marginRows(byMargin([-3, 1, 2], [-1, 1, 3], [1, 4, 5], [2, 2, 6], [3, 3, 7], [7, 1, 8], [8, 5, 9], [14, 5, 1]));
    expect(rows.map(({ group, transfers, shards }) => [group, transfers, shards])).toEqual([
      ['eight', 10, 10],
      ['four', 1, 8],
      ['two', 5, 13],
      ['one', 4, 5],
      ['waits', 2, 5],
    ]);
    expect(rows.map(({ length }) => length)).toEqual([1, 0.1, 0.5, 0.4, 0.2]);
  });

  it('loses no transfer and no shard among the groups', () => {
    const { byMargin } = networks.big.transfers;
    expect(marginRows(byMargin).reduce((sum, { shards }) => sum + shards, 0)).toBe(shardsOf(byMargin));
  });

  it('is nothing where there is nothing', () => {
    expect(marginRows([])).toEqual([]);
  });
});

describe('regions', () => {
  it('stand by their size, those without a name last', () => {
    expect(regionRows(networks.healthy.nodes.byRegion).map(({ region }) => region)).toEqual(['Europe', 'North America', 'East Asia', 'Oceania', null]);
  });

  it('are drawn in parts of the largest, filled as far as they are in use', () => {
    const at = { total: 1, online: 1 };
    const rows = regionRows([
      { region: 'Europe', ...at, capacityBytes: 200, freeBytes: 50 },
      { region: 'Africa', ...at, capacityBytes: 100, freeBytes: 100 },
      { region: 'Oceania', ...at, capacityBytes: 0, freeBytes: 0 },
    ]);
    expect(rows.map(({ length, used }) => [length, used])).toEqual([
      [1, 0.75],
      [0.5, 0],
      [0, 0],
    ]);
  });

  it('stay within their bar, whatever they say of themselves', () => {
    expect(usedShare({ capacityBytes: 10, freeBytes: 20 })).toBe(0);
  });
});

it('names every standing that nodes have, and no other', () => {
  expect(standingRows(networks.big.nodes.byStanding).map(({ standing }) => standing)).toEqual(['vetted', 'unvetted', 'leaving', 'suspended', 'quarantined', 'disqualified']);
  expect(standingRows(networks.small.nodes.byStanding)).toEqual([{ standing: 'unvetted', nodes: 6 }]);
});
