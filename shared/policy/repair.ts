/**
 * When a transfer's missing shards are rebuilt, which, and in what order: pure over what is known of its seats.
 * Hardening after an upload is the same plan, for seats that never got their shards.
 */
import type { Redundancy } from '../protocol/layout.ts';
import { chanceOfFewerThan } from './download-risk.ts';
import type { Standing } from './standing.ts';

/**
 * How long a node may owe an audit, by being offline or by silence, before what it holds counts as lost: longer than a
 * home's night. It counts again as soon as it answers. docs/decisions/0007-when-to-repair.md
 */
export const LOST_AFTER_EPOCHS = 12;
/** A chance of failure above which vacant seats are filled, however many shards are still healthy. */
export const MAX_FAILURE_CHANCE = 1e-7;
/** So few losses from the end, a transfer goes before those that move off leaving nodes. */
const CRITICAL_MARGIN = 2;

/**
 * - `held`: there and trusted.
 * - `away`: offline, or silent, for less than LOST_AFTER_EPOCHS; expected back with what it holds.
 * - `leaving`: there, for as long as it takes to move its shards.
 * - `doubtful`: quarantined; counts for nothing, and may be cleared.
 * - `lost`: gone, disqualified, or without its shards.
 */
export type SeatState = 'held' | 'away' | 'leaving' | 'doubtful' | 'lost';

export interface SeatFacts {
  /** Whether the node has signed for every shard of the seat and nothing has shown one of them missing since. */
  readonly isStored: boolean;
  readonly standing: Standing;
  /** Since when its node owes an audit. */
  readonly owedSinceEpoch: number | null;
}

export function seatState({ isStored, standing, owedSinceEpoch }: SeatFacts, epoch: number): SeatState {
  if (!isStored || standing === 'disqualified') return 'lost';
  if (owedSinceEpoch !== null && epoch - owedSinceEpoch >= LOST_AFTER_EPOCHS) return 'lost';
  if (standing === 'quarantined') return 'doubtful';
  if (owedSinceEpoch !== null) return 'away';
  return standing === 'leaving' ? 'leaving' : 'held';
}

/** A transfer's seat; its place in the list is its shard index. */
export interface Seat {
  readonly state: SeatState;
  /** Of its node, 0 to 1. */
  readonly availability: number;
}

export interface RepairPlan {
  readonly cause: 'below_threshold' | 'at_risk' | 'leaving';
  /** Shard indexes to be rebuilt onto other nodes, ascending. */
  readonly vacant: readonly number[];
  /** Shard indexes that can be fetched now, the most available first; any k of them do. Fewer than k: the repair must wait. */
  readonly sources: readonly number[];
  /** Losses that the transfer still survives; below 0 it cannot be rebuilt unless nodes return. */
  readonly margin: number;
  /** Chance that a download fails at an instant. */
  readonly failureChance: number;
}

/** Healthy shards at which, or below, a transfer is repaired: three quarters, 18 of 24; never fewer than an upload needs to be safe, at most n − 1. */
export const repairThreshold = ({ safeShards, totalShards }: Redundancy): number => Math.min(Math.max(safeShards, Math.floor((3 * totalShards) / 4)), totalShards - 1);

const counts = ({ state }: Seat): boolean => state === 'held' || state === 'away' || state === 'leaving';
const isVacant = ({ state }: Seat): boolean => state === 'lost' || state === 'doubtful' || state === 'leaving';

/** @returns what to rebuild, or null where nothing is vacant or what is can wait. A repair fills every vacant seat: fetching k shards is what costs. */
export function planRepair(seats: readonly Seat[], redundancy: Redundancy): RepairPlan | null {
  const vacant = seats.flatMap((seat, index) => (isVacant(seat) ? [index] : []));
  if (vacant.length === 0) return null;
  const healthy = seats.filter(counts);
  const failureChance = chanceOfFewerThan(
    redundancy.requiredShards,
    healthy.map(({ availability }) => availability),
  );
  const cause = causeOf(seats, healthy.length, failureChance, redundancy);
  if (cause === null) return null;
  const sources = seats
    .flatMap((seat, index) => (seat.state === 'held' || seat.state === 'leaving' ? [{ seat, index }] : []))
    .toSorted((a, b) => b.seat.availability - a.seat.availability || a.index - b.index)
    .map(({ index }) => index);
  return { cause, vacant, sources, margin: healthy.length - redundancy.requiredShards, failureChance };
}

function causeOf(seats: readonly Seat[], healthy: number, failureChance: number, redundancy: Redundancy): RepairPlan['cause'] | null {
  if (healthy <= repairThreshold(redundancy)) return 'below_threshold';
  if (failureChance > MAX_FAILURE_CHANCE) return 'at_risk';
  return seats.some(({ state }) => state === 'leaving') ? 'leaving' : null;
}

/** What the order of repairs goes by. */
export type RepairUrgency = Pick<RepairPlan, 'cause' | 'margin' | 'failureChance'>;

const urgencyOf = ({ cause, margin }: RepairUrgency): number => (margin <= CRITICAL_MARGIN ? 0 : cause === 'leaving' ? 1 : 2);

/** Order of work: transfers near their end, then those that move off leaving nodes while these still serve, then by margin and by risk. */
export function compareRepairs(a: RepairUrgency, b: RepairUrgency): number {
  return urgencyOf(a) - urgencyOf(b) || a.margin - b.margin || b.failureChance - a.failureChance;
}
