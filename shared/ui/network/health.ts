/** What the published numbers amount to: one verdict, and rows to draw. The words are in messages.ts. */
import { MIN_NODES } from '../../protocol/limits.ts';
import type { NetworkSummary, NodeStatus } from '../../protocol/node-status.ts';

/** A publisher tells every minute or so, and what it told may be cached for one; older numbers are called old. */
export const STALE_AFTER_MS = 5 * 60_000;

/** With 65% of all nodes online, one of 180 downloads finds fewer than the 10 of 24 that it needs; below that it is soon far more. */
const MANY_AWAY_BELOW = 0.65;

/** The worst that is true of the network; what stands first in `verdictOf` hides the rest. */
export type Verdict =
  | { readonly kind: 'empty' }
  /** Too few nodes are online to send anything. */
  | { readonly kind: 'few'; readonly online: number }
  /** Transfers have lost too many nodes to be downloaded until some return. */
  | { readonly kind: 'waiting'; readonly transfers: number }
  /** Transfers can lose no other node. */
  | { readonly kind: 'thin'; readonly transfers: number }
  /** Nodes that are offline for a while count as there in every margin, and serve nobody. */
  | { readonly kind: 'away'; readonly away: number; readonly total: number }
  /** Nothing is stored. */
  | { readonly kind: 'idle' }
  /** Every transfer can lose so many nodes. */
  | { readonly kind: 'well'; readonly margin: number };

type ByMargin = NetworkSummary['transfers']['byMargin'];

export function verdictOf({ nodes, transfers: { byMargin } }: NetworkSummary): Verdict {
  if (nodes.total === 0) return { kind: 'empty' };
  if (nodes.online < MIN_NODES) return { kind: 'few', online: nodes.online };
  const waiting = sum(byMargin.filter(({ margin }) => margin < 0).map(({ transfers }) => transfers));
  if (waiting > 0) return { kind: 'waiting', transfers: waiting };
  const thin = sum(byMargin.filter(({ margin }) => margin === 0).map(({ transfers }) => transfers));
  if (thin > 0) return { kind: 'thin', transfers: thin };
  if (nodes.online < nodes.total * MANY_AWAY_BELOW) return { kind: 'away', away: nodes.total - nodes.online, total: nodes.total };
  const held = byMargin.filter(({ transfers }) => transfers > 0);
  return held.length === 0 ? { kind: 'idle' } : { kind: 'well', margin: Math.min(...held.map(({ margin }) => margin)) };
}

/** How many nodes a transfer can lose, in steps that double: the fewer there are left, the more each one matters. */
export const MARGIN_GROUPS = ['eight', 'four', 'two', 'one', 'none', 'waits'] as const;
export type MarginGroup = (typeof MARGIN_GROUPS)[number];
const LEAST: Readonly<Record<MarginGroup, number>> = { eight: 8, four: 4, two: 2, one: 1, none: 0, waits: -Infinity };

export interface MarginRow {
  readonly group: MarginGroup;
  readonly transfers: number;
  readonly shards: number;
  /** Of the largest group's transfers, 0 to 1. */
  readonly length: number;
}

/** The groups that transfers are in, the safest first. */
export function marginRows(byMargin: ByMargin): MarginRow[] {
  const groupOf = (margin: number): MarginGroup => MARGIN_GROUPS.find((group) => margin >= LEAST[group]) ?? 'waits';
  const rows = MARGIN_GROUPS.map((group) => {
    const inside = byMargin.filter(({ margin }) => groupOf(margin) === group);
    return { group, transfers: sum(inside.map(({ transfers }) => transfers)), shards: sum(inside.map(({ shards }) => shards)) };
  }).filter(({ transfers }) => transfers > 0);
  const most = Math.max(...rows.map(({ transfers }) => transfers));
  return rows.map((row) => ({ ...row, length: row.transfers / most }));
}

export const shardsOf = (byMargin: ByMargin): number => sum(byMargin.map(({ shards }) => shards));

export interface RegionRow {
  /** Null: its nodes name none. */
  readonly region: string | null;
  readonly total: number;
  readonly online: number;
  readonly freeBytes: number;
  /** Its capacity in parts of the largest region's, 0 to 1. */
  readonly length: number;
  /** Part of its capacity that is in use, 0 to 1. */
  readonly used: number;
}

/** The largest first; nodes that name no region last. */
export function regionRows(byRegion: NetworkSummary['nodes']['byRegion']): RegionRow[] {
  const largest = Math.max(1, ...byRegion.map(({ capacityBytes }) => capacityBytes));
  return byRegion
    .toSorted((a, b) => Number(a.region === null) - Number(b.region === null) || b.capacityBytes - a.capacityBytes || b.total - a.total)
    .map(({ region, total, online, capacityBytes, freeBytes }) => ({
      region,
      total,
      online,
      freeBytes,
      length: capacityBytes / largest,
      used: usedShare({ capacityBytes, freeBytes }),
    }));
}

/** The good ones first. */
const STANDINGS = ['vetted', 'unvetted', 'leaving', 'suspended', 'quarantined', 'disqualified'] as const satisfies NodeStatus['standing'][];

/** The standings that nodes have. */
export const standingRows = (byStanding: NetworkSummary['nodes']['byStanding']): { readonly standing: NodeStatus['standing']; readonly nodes: number }[] =>
  STANDINGS.map((standing) => ({ standing, nodes: byStanding[standing] ?? 0 })).filter(({ nodes }) => nodes > 0);

/** 0 to 1; 0 of nothing. */
export const usedShare = ({ capacityBytes, freeBytes }: { readonly capacityBytes: number; readonly freeBytes: number }): number =>
  capacityBytes === 0 ? 0 : Math.min(1, Math.max(0, 1 - freeBytes / capacityBytes));

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
