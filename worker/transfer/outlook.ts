/** How a transfer stands right now: which seats count, which may be filled where they are, what has to move, how urgent it is. Pure. */
import { chanceOfFewerThan, planRepair, seatState, type RepairUrgency, type SeatState } from '../../shared/policy/index.ts';
import type { Directory } from '../network/directory.ts';
import { isFilled } from './storing.ts';
import type { TransferRow } from './record.ts';
import { HOPELESS_FAILURES, type Keeper, type SeatRow } from './seats.ts';
import { maskOf } from './segments.ts';

/** What is known beside the transfer's own rows. */
export interface Surroundings {
  readonly directory: Directory;
  readonly epoch: number;
  readonly nowMs: number;
}

interface Presence {
  readonly online: boolean;
  /** Part of the time that the node is up; 0 for one that the directory does not know. */
  readonly availability: number;
}
export type LiveSeat = SeatRow &
  Presence & {
    readonly state: SeatState;
    /** Whether its node may be given shards. */
    readonly isFit: boolean;
  };
export type LiveFormer = Keeper & Presence;

const presenceOf = ({ nodeId }: Keeper, { directory, nowMs }: Surroundings): Presence => ({
  online: directory.isOnline(nodeId, nowMs),
  availability: directory.find(nodeId)?.availability ?? 0,
});

export const liveFormers = (formers: readonly Keeper[], around: Surroundings): LiveFormer[] => formers.map((former) => ({ ...former, ...presenceOf(former, around) }));

export function liveSeats(seats: readonly SeatRow[], row: TransferRow, around: Surroundings): LiveSeat[] {
  return seats.map((seat) => {
    const presence = presenceOf(seat, around);
    const state = seatState({ isStored: isFilled(seat, row), standing: seat.standing, owedSinceEpoch: seat.owedSinceEpoch }, around.epoch);
    return { ...seat, ...presence, state: state === 'held' && !presence.online ? 'away' : state, isFit: presence.online && isTrusted(seat, around) };
  });
}

/** Whether a node may take shards of a seat that it has. One that is suspended keeps what it holds, and may complete it. */
function isTrusted(seat: SeatRow, { directory }: Surroundings): boolean {
  const standings = [seat.standing, directory.find(seat.nodeId)?.standing];
  return seat.owedSinceEpoch === null && standings.every((standing) => standing === undefined || KEEPS_SEATS.has(standing));
}
const KEEPS_SEATS: ReadonlySet<string> = new Set(['unvetted', 'vetted', 'suspended']);

/**
 * Seats that are to be given to other nodes, those first that are lost.
 *
 * A node that is offline loses a seat that it has not filled: at once where it holds nothing of it, else only in a
 * repair, since an upload's node is likely to come back.
 */
export function seatsToMove(seats: readonly LiveSeat[], mending: TransferRow['mending'], row: TransferRow): LiveSeat[] {
  const rank: Partial<Record<SeatState, number>> = { lost: 0, doubtful: 1, leaving: 2 };
  return seats
    .filter((seat) => {
      if (seat.state !== 'lost') return seat.state === 'doubtful' || seat.state === 'leaving';
      if (isFilled(seat, row)) return true;
      if (!seat.online) return seat.shards === 0 || mending === 'repair';
      return !seat.isFit || seat.targetFailures >= HOPELESS_FAILURES;
    })
    .toSorted((a, b) => rank[a.state]! - rank[b.state]! || a.shardIndex - b.shardIndex);
}

/**
 * Whether the transfer is to be repaired.
 *
 * @param isBegun - whether a repair goes on: it then ends when every seat is filled, and not when the worst is over.
 */
export function wishOf(seats: readonly LiveSeat[], row: TransferRow, isBegun: boolean): RepairUrgency | null {
  const plan = planRepair(seats, row);
  if (plan !== null) return { cause: plan.cause, margin: plan.margin, failureChance: plan.failureChance };
  if (!isBegun || seats.every(({ state }) => state === 'held' || state === 'away')) return null;
  const up = seats.filter(({ state }) => state === 'held' || state === 'away' || state === 'leaving').map(({ availability }) => availability);
  return { cause: 'at_risk', margin: up.length - row.requiredShards, failureChance: chanceOfFewerThan(row.requiredShards, up) };
}

/** Indexes whose shards count as there: of those of nodes that are neither lost nor doubted. */
export const countingMask = (keepers: readonly Keeper[], epoch: number): number =>
  maskOf(keepers.filter((keeper) => isCounting(keeper, epoch)).map(({ shardIndex }) => shardIndex));

export function isCounting({ standing, owedSinceEpoch }: Keeper, epoch: number): boolean {
  const state = seatState({ isStored: true, standing, owedSinceEpoch }, epoch);
  return state === 'held' || state === 'away' || state === 'leaving';
}

/** Indexes that their former holder serves: it counts, and holds more than its successor so far. */
export function servedByFormers(seats: readonly SeatRow[], formers: readonly Keeper[], epoch: number): Keeper[] {
  return formers.filter((former) => isCounting(former, epoch) && former.shards > seats[former.shardIndex]!.shards);
}
