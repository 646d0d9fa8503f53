/** A finished simulation in plain numbers: what is printed, drawn, and written as JSON. */
import type { Standing } from '../../shared/policy/index.ts';
import { expectedOf, type Expected } from './expected.ts';
import { loadOf, relativeLoads, type Load } from './load.ts';
import type { RebuildCause, Rebuilds } from './measures.ts';
import type { Network } from './network.ts';
import type { Scenario } from './scenario.ts';
import type { Behaviour } from './sim-node.ts';

export interface Detection {
  readonly behaviour: Behaviour;
  readonly standing: Standing;
  /** How many came to it, of how many that began to act. */
  readonly nodes: number;
  readonly of: number;
  readonly medianHours: number;
  readonly p95Hours: number;
}

type LoadGroup = 'server' | 'home' | 'slow' | 'flapping';

export interface Results {
  readonly scenario: Scenario;
  readonly transfers: { readonly sent: number; readonly refused: number; readonly lost: number; readonly fewestShards: number; readonly contentBytes: number };
  readonly downloads: {
    readonly sampled: number;
    readonly failed: number;
    /** Pairs of a live transfer and an instant: how many there were, and at how many too few nodes were up. */
    readonly instants: number;
    readonly downInstants: number;
    /** The mean exact chance of it: outside catastrophes, in them, and over all. */
    readonly chance: { readonly calm: number; readonly events: number; readonly all: number };
  };
  readonly rebuilds: Readonly<Record<RebuildCause, Readonly<Rebuilds>>>;
  /** Most transfers that waited for a repair at the end of an hour. */
  readonly longestBacklog: number;
  readonly exits: { readonly nodes: number; readonly seatsLeft: number };
  readonly detection: readonly Detection[];
  /** Honest nodes that ever had that standing while they were there. */
  readonly honest: Readonly<Record<'suspended' | 'quarantined' | 'disqualified', number>>;
  /** Per byte offered, over the mean of the time that was measured: of bytes, and of transfers, which all weigh alike. */
  readonly load: {
    readonly nodes: number;
    readonly bytes: Load;
    readonly transfers: Load;
    readonly homeSeats: number;
    /** In transfers. */
    readonly means: Readonly<Record<LoadGroup, number>>;
  };
  readonly sybil: { readonly meanSeats: number; readonly mostSeats: number };
  /** Part of the days of nodes of that behaviour on which they were suspended. */
  readonly suspendedShare: Readonly<Record<string, number>>;
  readonly relaxed: Readonly<Record<string, number>>;
  readonly expected: Expected;
  readonly pictures: {
    readonly downChanceByDay: readonly number[];
    readonly repairBytesByDay: readonly number[];
    readonly liarHours: Readonly<Record<'quarantined' | 'disqualified', readonly number[]>>;
    /** Transfers per byte offered over the mean, ascending. */
    readonly loads: readonly number[];
  };
}

export function resultsOf(network: Network): Results {
  const { measures: m, scenario } = network;
  const { calm, events } = m.downChance;
  const instants = calm.count + events.count;
  const byNode = relativeLoads(network, ({ heldTransferDays }) => heldTransferDays);
  const meanOf = (group: LoadGroup): number =>
    mean([...byNode].flatMap(([{ traits }, load]) => (traits.behaviour === group || (traits.behaviour === 'honest' && traits.kind === group) ? [load] : [])));
  return {
    scenario,
    transfers: { sent: m.sent, refused: m.refused, lost: m.lost, fewestShards: m.fewestShards, contentBytes: m.contentBytes },
    downloads: {
      sampled: m.downloads,
      failed: m.failedDownloads.calm + m.failedDownloads.events,
      instants,
      downInstants: m.down.calm.sum + m.down.events.sum,
      chance: { calm: calm.value, events: events.value, all: instants === 0 ? 0 : (calm.sum + events.sum) / instants },
    },
    rebuilds: m.rebuilds,
    longestBacklog: m.longestBacklog,
    exits: m.exits,
    detection: [...m.hoursTo].flatMap(([behaviour, byStanding]) =>
      [...byStanding].map(([standing, hours]) => detectionOf(behaviour, standing, hours, m.turned.get(behaviour) ?? 0)),
    ),
    honest: { suspended: sizeOf(m.punished.get('suspended')), quarantined: sizeOf(m.punished.get('quarantined')), disqualified: sizeOf(m.punished.get('disqualified')) },
    load: {
      nodes: byNode.size,
      bytes: loadOf(relativeLoads(network, ({ heldByteDays }) => heldByteDays).values()),
      transfers: loadOf(byNode.values()),
      homeSeats: m.homeSeats.value,
      means: { server: meanOf('server'), home: meanOf('home'), slow: meanOf('slow'), flapping: meanOf('flapping') },
    },
    sybil: { meanSeats: m.sybilSeats.all.value, mostSeats: m.sybilSeats.most },
    suspendedShare: Object.fromEntries([...m.suspension].map(([behaviour, { days, suspendedDays }]) => [behaviour, suspendedDays / days])),
    relaxed: Object.fromEntries(m.relaxed),
    expected: expectedOf(scenario, m.homeSeats.value, m.contentByteDays / m.contentBytes),
    pictures: {
      downChanceByDay: m.downChanceByDay.slice(scenario.warmUpDays).map(({ value }) => value),
      repairBytesByDay: m.repairBytesByDay.slice(scenario.warmUpDays),
      liarHours: { quarantined: ascending(m.hoursTo.get('liar')?.get('quarantined') ?? []), disqualified: ascending(m.hoursTo.get('liar')?.get('disqualified') ?? []) },
      loads: ascending([...byNode.values()]),
    },
  };
}

const sizeOf = (set: ReadonlySet<string> | undefined): number => set?.size ?? 0;
const ascending = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const quantile = (sorted: readonly number[], share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

function detectionOf(behaviour: Behaviour, standing: Standing, hours: readonly number[], of: number): Detection {
  const sorted = ascending(hours);
  return { behaviour, standing, nodes: hours.length, of, medianHours: quantile(sorted, 0.5), p95Hours: quantile(sorted, 0.95) };
}
