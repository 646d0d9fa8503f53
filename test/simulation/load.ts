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

/** What each node held per byte that it offered, over the time that it was there, in parts of the whole network's. */
export function relativeLoads({ nodes, scenario }: Network, heldBy: (node: SimNode) => number): Map<SimNode, number> {
  const carriers = nodes.filter(({ isGone, days }) => !isGone && days >= Math.min(DAYS_TO_CARRY, scenario.days / 2));
  const mean = sumOf(carriers.map(heldBy)) / sumOf(carriers.map(({ offeredByteDays }) => offeredByteDays));
  return new Map(carriers.map((node) => [node, heldBy(node) / node.offeredByteDays / mean]));
}

export function loadOf(loads: Iterable<number>): Load {
  const sorted = [...loads].toSorted((a, b) => a - b);
  return { gini: giniOf(sorted), busiestOverMean: busiestOf(sorted) };
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
