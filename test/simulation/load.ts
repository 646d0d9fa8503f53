/** How evenly a network carries what it holds: each node's bytes per byte that it offers, over the whole network's. */
import type { Network } from './network.ts';
import type { SimNode } from './sim-node.ts';

/** Days that a node must have been there for its load to count. */
const DAYS_TO_CARRY = 60;
const BUSIEST_PART = 1 / 100;

export interface Load {
  readonly gini: number;
  readonly busiestOverMean: number;
}

export interface LoadNow {
  readonly busiestOverMean: number;
  /** What no selection could go below with these shards on these nodes. */
  readonly floor: number;
}

/** What each node held per byte that it offered, over the time that it was there, in parts of the whole network's. */
export function relativeLoads({ nodes, scenario }: Network, heldBy: (node: SimNode) => number): Map<SimNode, number> {
  const carriers = nodes.filter(({ isGone, days }) => !isGone && days >= Math.min(DAYS_TO_CARRY, scenario.days / 2));
  return relative(carriers, heldBy, ({ offeredByteDays }) => offeredByteDays);
}

export function loadOf(loads: Iterable<number>): Load {
  const sorted = [...loads].toSorted((a, b) => a - b);
  return { gini: giniOf(sorted), busiestOverMean: busiestOf(sorted) };
}

/** The network as it stands in its last hour: a single look, where one large transfer weighs more than in a mean over time. */
export function loadNow({ nodes, transfers }: Network): LoadNow {
  const present = nodes.filter(({ isGone }) => !isGone);
  const loads = relative(
    present,
    ({ storedBytes }) => storedBytes,
    ({ capacityBytes }) => capacityBytes,
  );
  const stored = [...transfers].map(({ seats, stored: isStored, seatBytes }) => ({ shards: seats.filter((node, i) => isStored[i]! && !node.isGone).length, seatBytes }));
  return {
    busiestOverMean: busiestOf([...loads.values()].toSorted((a, b) => a - b)),
    floor: floorOf(
      stored,
      present.map(({ capacityBytes }) => capacityBytes),
    ),
  };
}

/**
 * A lower bound for what the busiest hundredth carries over the mean, however shards are spread that must not be cut and of
 * which a transfer's lie on different nodes.
 *
 * Proof. Let m be the hundredth. The m largest shards lie on at most m nodes, and the m busiest nodes carry at least what these
 * few do. There a shard of w bytes adds w / c to the load of a node that offers c; of one transfer's shards, all alike, the j-th can at best be
 * on the node that offers j-th most. The other bound is that of shards that could be cut at will (Hölder's inequality for the norm that
 * sums the m largest): the mean itself, unless one node offers more than an m-th of all.
 */
export function floorOf(transfers: readonly { readonly shards: number; readonly seatBytes: number }[], offeredBytes: readonly number[]): number {
  const offers = offeredBytes.toSorted((a, b) => b - a);
  const busiest = Math.ceil(offers.length * BUSIEST_PART);
  const offered = sumOf(offers);
  const held = sumOf(transfers.map(({ shards, seatBytes }) => shards * seatBytes));
  let [left, load] = [busiest, 0];
  for (const { shards, seatBytes } of transfers.toSorted((a, b) => b.seatBytes - a.seatBytes)) {
    const counted = Math.min(left, shards);
    for (let i = 0; i < counted; i++) load += seatBytes / offers[i]!;
    left -= counted;
    if (left === 0) break;
  }
  return Math.max(load / (held / offered) / busiest, Math.min(1, offered / offers[0]! / busiest));
}

function relative(nodes: readonly SimNode[], heldBy: (node: SimNode) => number, offeredBy: (node: SimNode) => number): Map<SimNode, number> {
  const mean = sumOf(nodes.map(heldBy)) / sumOf(nodes.map(offeredBy));
  return new Map(nodes.map((node) => [node, heldBy(node) / offeredBy(node) / mean]));
}

/** @param sorted - ascending. */
function busiestOf(sorted: readonly number[]): number {
  const busiest = sorted.slice(-Math.ceil(sorted.length * BUSIEST_PART));
  return sumOf(busiest) / busiest.length;
}

/** 0 where all carry alike, 1 where one carries all. @param sorted - ascending. */
function giniOf(sorted: readonly number[]): number {
  const total = sumOf(sorted);
  const weighted = sumOf(sorted.map((value, i) => (i + 1) * value));
  return (2 * weighted) / (sorted.length * total) - (sorted.length + 1) / sorted.length;
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
