import { describe, expect, it } from 'vitest';
import { UNMEASURED, type DirectoryNode } from '../../shared/policy/directory-node.ts';
import { networkSummarySchema } from '../../shared/protocol/node-status.ts';
import { parseMessage } from '../../shared/protocol/messages.ts';
import { summarize, type SummaryParts } from './summary.ts';

const NOW_MS = 1_000_000;
const EUROPE = { latitude: 50, longitude: 15 };
const node = (i: number, values: Partial<DirectoryNode> = {}): DirectoryNode => ({
  ...UNMEASURED,
  nodeId: `node ${i}`,
  url: 'https://n.example.net',
  operator: `operator ${i}`,
  network: `network ${i}`,
  capacityBytes: 100,
  freeBytes: 40,
  lastSeenMs: NOW_MS,
  ...values,
});
const summary = (parts: Partial<SummaryParts>) => summarize({ atMs: NOW_MS, nodes: [], onlineForMs: 180_000, tallies: [], censuses: [], ...parts });

describe('the summary of a network', () => {
  it('of nobody is all zeros, and well-formed', () => {
    const empty = summary({});
    expect(parseMessage(networkSummarySchema, empty)).toEqual(empty);
    expect(empty).toMatchObject({ nodes: { total: 0, online: 0, byRegion: [], countries: 0 }, capacityBytes: 0, transfers: { live: 0, byMargin: [] } });
  });
  it('counts nodes by standing, region and country, and the space of those that are online', () => {
    const nodes = [
      node(1, { region: EUROPE, country: 'DE', standing: 'vetted' }),
      node(2, { region: EUROPE, country: 'DE', standing: 'quarantined', lastSeenMs: NOW_MS - 180_000 }),
      node(3, { region: { latitude: 40, longitude: -98 }, country: 'US', standing: 'vetted' }),
      node(4),
    ];
    const { nodes: counts, capacityBytes, freeBytes } = parseMessage(networkSummarySchema, summary({ nodes }));
    expect(counts).toMatchObject({ total: 4, online: 3, countries: 2, byStanding: { vetted: 2, quarantined: 1, unvetted: 1, suspended: 0, disqualified: 0, leaving: 0 } });
    expect(counts.byRegion).toEqual([
      { region: 'North America', total: 1, online: 1, capacityBytes: 100, freeBytes: 40 },
      { region: 'Europe', total: 2, online: 1, capacityBytes: 100, freeBytes: 40 },
      { region: null, total: 1, online: 1, capacityBytes: 100, freeBytes: 40 },
    ]);
    expect([capacityBytes, freeBytes]).toEqual([300, 120]);
  });
  it('believes no node that it has more free space than space', () => {
    expect(summary({ nodes: [node(1, { freeBytes: 1_000_000 })] }).freeBytes).toBe(100);
  });
  it('adds up tallies, transfers and repairs of all parts, margins ascending', () => {
    const tally = { audits: { proved: 10, wrong: 2, unanswered: 3 }, visits: { served: 4, refused: 1 } };
    const census = (live: number, margins: number[]) => ({
      live,
      bytes: 1000 * live,
      byMargin: margins.map((margin) => ({ margin, transfers: 1, shards: 24 })),
      repairs: { jobs: 1, shards: 10, bytes: 500 },
    });
    const { transfers, lastDay } = parseMessage(networkSummarySchema, summary({ tallies: [tally, tally], censuses: [census(2, [14, -1]), census(1, [14])] }));
    expect(transfers).toEqual({
      live: 3,
      bytes: 3000,
      byMargin: [
        { margin: -1, transfers: 1, shards: 24 },
        { margin: 14, transfers: 2, shards: 48 },
      ],
    });
    expect(lastDay).toEqual({ audits: { proved: 20, wrong: 4, unanswered: 6 }, visits: { served: 8, refused: 2 }, repairs: { jobs: 2, shards: 20, bytes: 1000 } });
  });
});
