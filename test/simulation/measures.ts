/** What a simulation counts while it runs. */
import type { PlacementRule, RepairPlan, Standing, StandingChange } from '../../shared/policy/index.ts';
import type { Scenario } from './scenario.ts';
import type { Behaviour, SimNode } from './sim-node.ts';
import type { SimTransfer } from './sim-transfer.ts';

export type RebuildCause = 'hardening' | RepairPlan['cause'];

/** A mean that knows how many it is of. */
export class Mean {
  sum = 0;
  count = 0;
  add(value: number): void {
    this.sum += value;
    this.count += 1;
  }
  get value(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }
}

export interface Rebuilds {
  transfers: number;
  shards: number;
  bytes: number;
}

export class Measures {
  sent = 0;
  refused = 0;
  contentBytes = 0;
  /** Content times the lifetime that its sender chose. */
  contentByteDays = 0;
  lost = 0;
  fewestShards = Infinity;
  downloads = 0;
  readonly failedDownloads = { calm: 0, events: 0 };
  /** Over live transfers at instants: whether fewer than k of the nodes were up, and the chance of it. */
  readonly down = { calm: new Mean(), events: new Mean() };
  readonly downChance = { calm: new Mean(), events: new Mean() };
  readonly relaxed = new Map<PlacementRule, number>();
  readonly sybilSeats = { all: new Mean(), most: 0 };
  readonly homeSeats = new Mean();
  readonly rebuilds: Record<RebuildCause, Rebuilds> = { hardening: none(), below_threshold: none(), at_risk: none(), leaving: none() };
  longestBacklog = 0;
  readonly exits = { nodes: 0, seatsLeft: 0 };
  /** Adversaries that began to act as such. */
  readonly turned = new Map<Behaviour, number>();
  /** Hours from an adversary's turn to its first change to that standing. */
  readonly hoursTo = new Map<Behaviour, Map<Standing, number[]>>();
  readonly #noted = new Set<string>();
  /** Honest nodes that ever had that standing. */
  readonly punished = new Map<Standing, Set<string>>();
  /** By day from the beginning of the warm-up. */
  readonly downChanceByDay: Mean[];
  readonly repairBytesByDay: number[];
  /** Days that nodes were there, and days of these on which they were suspended. */
  readonly suspension = new Map<Behaviour, { days: number; suspendedDays: number }>();

  constructor({ warmUpDays, days }: Scenario) {
    this.downChanceByDay = Array.from({ length: warmUpDays + days }, () => new Mean());
    this.repairBytesByDay = this.downChanceByDay.map(() => 0);
  }

  noteSent(transfer: SimTransfer, lifetimeDays: number, relaxed: readonly PlacementRule[]): void {
    this.sent += 1;
    this.contentBytes += transfer.contentBytes;
    this.contentByteDays += transfer.contentBytes * lifetimeDays;
    for (const rule of relaxed) this.relaxed.set(rule, (this.relaxed.get(rule) ?? 0) + 1);
    const sybils = transfer.seats.filter(({ traits }) => traits.behaviour === 'sybil').length;
    this.sybilSeats.all.add(sybils);
    this.sybilSeats.most = Math.max(this.sybilSeats.most, sybils);
    this.homeSeats.add(transfer.seats.filter(({ traits }) => traits.kind === 'home').length);
  }

  noteTurn({ traits }: SimNode): void {
    this.turned.set(traits.behaviour, (this.turned.get(traits.behaviour) ?? 0) + 1);
  }

  noteStanding({ nodeId, traits, isGone }: SimNode, { epoch, to }: StandingChange): void {
    if (isGone) return;
    if (traits.behaviour === 'honest') {
      this.punished.set(to, (this.punished.get(to) ?? new Set()).add(nodeId));
      return;
    }
    if (epoch < traits.turnsHour || this.#noted.has(`${nodeId} ${to}`)) return;
    this.#noted.add(`${nodeId} ${to}`);
    const hours = this.hoursTo.get(traits.behaviour) ?? new Map<Standing, number[]>();
    hours.set(to, [...(hours.get(to) ?? []), epoch - traits.turnsHour]);
    this.hoursTo.set(traits.behaviour, hours);
  }

  noteNodeDay(behaviour: Behaviour, isSuspended: boolean): void {
    const { days, suspendedDays } = this.suspension.get(behaviour) ?? { days: 0, suspendedDays: 0 };
    this.suspension.set(behaviour, { days: days + 1, suspendedDays: suspendedDays + (isSuspended ? 1 : 0) });
  }

  noteShards(shards: number): void {
    this.fewestShards = Math.min(this.fewestShards, shards);
  }

  noteExit({ transfers }: SimNode): void {
    this.exits.nodes += 1;
    this.exits.seatsLeft += transfers.size;
  }

  noteBacklog(transfers: number): void {
    this.longestBacklog = Math.max(this.longestBacklog, transfers);
  }

  noteRebuild(cause: RebuildCause, shards: number, bytes: number, day: number): void {
    const rebuilds = this.rebuilds[cause];
    rebuilds.transfers += 1;
    rebuilds.shards += shards;
    rebuilds.bytes += bytes;
    if (cause !== 'hardening') this.repairBytesByDay[day]! += bytes;
  }

  noteDownload(isServed: boolean, isCalm: boolean): void {
    this.downloads += 1;
    if (!isServed) this.failedDownloads[isCalm ? 'calm' : 'events'] += 1;
  }

  noteInstant(isDown: boolean, chance: number, isCalm: boolean, day: number): void {
    const part = isCalm ? 'calm' : 'events';
    this.down[part].add(isDown ? 1 : 0);
    this.downChance[part].add(chance);
    this.downChanceByDay[day]!.add(chance);
  }
}

function none(): Rebuilds {
  return { transfers: 0, shards: 0, bytes: 0 };
}
