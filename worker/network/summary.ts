/** The network in plain numbers, for everybody: sums alone, nothing of any single node or transfer. docs/protocol.md §10. */
import { isOnline, type DirectoryNode } from '../../shared/policy/directory-node.ts';
import { REGIONS, regionOf } from '../../shared/policy/geography.ts';
import { STANDINGS } from '../../shared/policy/standing.ts';
import type { NetworkSummary } from '../../shared/protocol/node-status.ts';
import type { Census } from '../objects/watch.ts';
import { NO_TALLY, addTallies, type Tally } from './day-tally.ts';

export interface SummaryParts {
  readonly atMs: number;
  readonly nodes: readonly DirectoryNode[];
  readonly onlineForMs: number;
  /** Of each part of the directory. */
  readonly tallies: readonly Tally[];
  /** Of each part of the transfers. */
  readonly censuses: readonly Census[];
}

type RegionSum = NetworkSummary['nodes']['byRegion'][number];

/** Space is that of nodes that are online: what is away holds nothing for anyone now. */
export function summarize({ atMs, nodes, onlineForMs, tallies, censuses }: SummaryParts): NetworkSummary {
  const online = nodes.filter((node) => isOnline(node, atMs, onlineForMs));
  const byRegion = sumRegions(nodes, new Set(online));
  return {
    version: 1,
    atMs,
    nodes: {
      total: nodes.length,
      online: online.length,
      byStanding: Object.fromEntries(STANDINGS.map((standing) => [standing, count(nodes, (node) => node.standing === standing)])) as NetworkSummary['nodes']['byStanding'],
      byRegion,
      countries: new Set(nodes.map(({ country }) => country).filter((country) => country !== null)).size,
    },
    capacityBytes: sum(byRegion.map(({ capacityBytes }) => capacityBytes)),
    freeBytes: sum(byRegion.map(({ freeBytes }) => freeBytes)),
    transfers: { live: sum(censuses.map(({ live }) => live)), bytes: sum(censuses.map(({ bytes }) => bytes)), byMargin: sumMargins(censuses) },
    lastDay: {
      ...tallies.reduce(addTallies, NO_TALLY),
      repairs: {
        jobs: sum(censuses.map(({ repairs }) => repairs.jobs)),
        shards: sum(censuses.map(({ repairs }) => repairs.shards)),
        bytes: sum(censuses.map(({ repairs }) => repairs.bytes)),
      },
    },
  };
}

/** Regions that have nodes, in the order of REGIONS; nodes of no known region come last. */
function sumRegions(nodes: readonly DirectoryNode[], online: ReadonlySet<DirectoryNode>): RegionSum[] {
  const groups = Map.groupBy(nodes, ({ region }) => (region === null ? REGIONS.length : regionOf(region)));
  return [...groups].toSorted(([a], [b]) => a - b).map(([place, members]) => sumRegion(REGIONS[place]?.name ?? null, members, online));
}

function sumRegion(region: string | null, nodes: readonly DirectoryNode[], online: ReadonlySet<DirectoryNode>): RegionSum {
  const up = nodes.filter((node) => online.has(node));
  const capacityBytes = sum(up.map((node) => node.capacityBytes));
  return { region, total: nodes.length, online: up.length, capacityBytes, freeBytes: sum(up.map((node) => Math.min(node.freeBytes, node.capacityBytes))) };
}

function sumMargins(censuses: readonly Census[]): Census['byMargin'] {
  const groups = Map.groupBy(
    censuses.flatMap(({ byMargin }) => byMargin),
    ({ margin }) => margin,
  );
  return [...groups]
    .toSorted(([a], [b]) => a - b)
    .map(([margin, rows]) => ({ margin, transfers: sum(rows.map(({ transfers }) => transfers)), shards: sum(rows.map(({ shards }) => shards)) }));
}

const count = <T>(list: readonly T[], holds: (item: T) => boolean): number => list.filter(holds).length;
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
