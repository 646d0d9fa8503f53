/**
 * Hardening and repair, one mechanism: looks at the seats, gives those anew whose nodes are lost, doubted or leaving, and
 * has one node after the other rebuild what is missing. docs/protocol.md §10, hardening and repair.
 *
 * After an upload it goes on until every seat is filled. Later it begins where the policy says so and the watch gives
 * the transfer its turn, and then goes on likewise, as long as the turn lasts.
 */
import { RANDOM_SEED_BYTES, chooseReplacements, epochAt, type RepairUrgency, type SelectionTerms } from '../../shared/policy/index.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { clock } from '../clock.ts';
import { allowsSharedHosts, coordinatorKeyOf, epochMsOf, onlineForMsOf, type WorkerEnv } from '../environment.ts';
import { log } from '../http/log.ts';
import { readDirectory } from '../network/directory.ts';
import { orderRebuild } from '../network/node-client.ts';
import { newJobId } from './jobs.ts';
import { urlNow } from './orders.ts';
import { THE_WATCH } from './outbox.ts';
import { liveFormers, liveSeats, seatsToMove, wishOf, type LiveSeat, type Surroundings } from './outlook.ts';
import { jobTermsOf, leaseMsOf, planRebuild, signJob, type RebuildPlan } from './rebuilding.ts';
import { layoutOf, type TransferRow } from './record.ts';
import { WORK_PAUSES, pauseMs } from './pauses.ts';
import type { TransferState } from './state.ts';
import { dismiss } from './storing.ts';

/** Rebuilders that are asked in one alarm before it pauses. */
const REBUILDERS_AT_ONCE = 4;
/**
 * Jobs in a row without a single shard, after which the next ones come ever more seldom: a sender may have committed to
 * roots that no rebuilder can meet, and every try moves k shards of each segment.
 */
const PATIENT_JOBS = 8;
/** A turn outlasts the job that runs in it by this: its report may be late. */
const TURN_SLACK_MS = 60_000;

export class Mending {
  readonly #state: TransferState;
  readonly #env: WorkerEnv;
  constructor(state: TransferState, env: WorkerEnv) {
    this.#state = state;
    this.#env = env;
  }

  /** Inside a transaction: something has changed that may call for a repair, or lets one go on. */
  wake(): void {
    this.#state.sql.exec("UPDATE transfer SET rebuildAtMs = ? WHERE state = 'ready'", clock.nowMs());
  }

  /** It is the transfer's turn to be repaired. @returns false when there is nothing to repair (any more). */
  takeTurn(untilMs: number): boolean {
    const row = this.#state.settle();
    if (row?.state !== 'ready' || row.wish === null) return false;
    this.#state.write(() => {
      this.#state.sql.exec('UPDATE transfer SET turnUntilMs = max(turnUntilMs, ?)', untilMs);
      this.wake();
    });
    return true;
  }

  /** Hands out the next job, once the one before is reported or lapsed. */
  async look(): Promise<void> {
    for (let i = 0; i < REBUILDERS_AT_ONCE; i++) {
      const directory = await readDirectory(this.#env);
      const row = this.#state.settle();
      const nowMs = clock.nowMs();
      if (row?.state !== 'ready' || row.rebuildAtMs === null || row.rebuildAtMs > nowMs) return;
      const jobId = newJobId();
      const around: Surroundings = { directory, epoch: epochAt(nowMs, epochMsOf(this.#env)), nowMs };
      const plan = this.#state.write(() => this.#nextJob(row, around, jobId));
      if (plan === null) return;
      const { order, body } = await signJob(plan, jobTermsOf(row, jobId, directory, nowMs), await coordinatorKeyOf(this.#env));
      const shards = plan.targets.reduce((sum, target) => sum + target.segments.length, 0);
      try {
        await orderRebuild({ url: urlNow(plan.rebuilder, directory), nodeId: plan.rebuilder.nodeId, order }, body);
        log({ event: 'rebuild', step: 'ordered', segments: plan.segments.length, shards });
        return;
      } catch (thrown) {
        if (!(thrown instanceof SendError)) throw thrown;
        log({ event: 'rebuild', step: 'refused', segments: plan.segments.length, shards });
        if (this.#state.settle()?.state !== 'ready') return;
        this.#state.write(() => this.#dropJob(jobId));
      }
    }
    this.#state.write(() => this.#pause(this.#state.row(), clock.nowMs()));
  }

  /** Inside a transaction. @returns null when a job is under way, nothing can be done now, nothing is to be done, or it is not the transfer's turn. */
  #nextJob(before: TransferRow, around: Surroundings, jobId: string): RebuildPlan | null {
    const { nowMs } = around;
    const job = this.#state.jobs.current();
    if (job !== null && job.leaseExpiresAtMs > nowMs) {
      this.#lookAt(job.leaseExpiresAtMs);
      return null;
    }
    if (job !== null) {
      this.#dropJob(job.jobId);
      log({ event: 'rebuild', step: 'lapsed', segments: 0, shards: 0 });
    }
    const row = before.mending === 'hardening' ? before : this.#askForTurn(before, around);
    if (row === null) return null;
    if (row.restUntilMs > nowMs) {
      this.#pause(row, nowMs, row.restUntilMs);
      return null;
    }
    this.#moveSeats(row, around);
    const seats = this.#liveSeats(row, around);
    const formers = liveFormers(this.#state.seats.formers(), around);
    const { requiredShards, rebuildFrom: fromSegment } = row;
    const { plan, lacking } = planRebuild(this.#state.segments, { seats, formers, requiredShards, fromSegment, nowMs, draw: Math.random() });
    if (plan !== null) this.#begin(row, plan, jobId, nowMs);
    else if (lacking) this.#pause(row, nowMs);
    else this.#finish(row, seats, nowMs);
    return plan;
  }

  /** @returns the row as it is in its turn; null when there is nothing to repair, or others are more endangered. */
  #askForTurn(row: TransferRow, around: Surroundings): TransferRow | null {
    const wish = wishOf(this.#liveSeats(row, around), row, row.mending === 'repair');
    this.#wish(row, wish);
    if (wish === null) {
      this.#rest();
      return null;
    }
    if (row.turnUntilMs <= around.nowMs) {
      this.#lookAt(null);
      return null;
    }
    this.#state.sql.exec("UPDATE transfer SET mending = 'repair'");
    return this.#state.row();
  }

  #begin(row: TransferRow, plan: RebuildPlan, jobId: string, nowMs: number): void {
    const leaseExpiresAtMs = nowMs + leaseMsOf(plan, layoutOf(row), row.requiredShards);
    this.#state.jobs.begin({
      jobId,
      rebuilder: plan.rebuilder.nodeId,
      segments: plan.segments.map(({ segment }) => segment),
      sources: plan.sources.map(({ keeper, isWhole }) => ({ shardIndex: keeper.shardIndex, nodeId: keeper.nodeId, isWhole })),
      targets: new Map(plan.targets.map(({ seat }) => [seat.shardIndex, seat.nodeId])),
      leaseExpiresAtMs,
    });
    const restMs = row.fruitlessJobs < PATIENT_JOBS ? 0 : pauseMs(row.fruitlessJobs - PATIENT_JOBS, WORK_PAUSES);
    this.#state.sql.exec(
      'UPDATE transfer SET rebuildAtMs = ?, rebuildFrom = ?, rebuildPauses = 0, fruitlessJobs = fruitlessJobs + 1, restUntilMs = ?',
      leaseExpiresAtMs,
      plan.segments.at(-1)!.segment + 1,
      nowMs + restMs,
    );
    if (row.mending !== 'repair') return;
    this.#state.sql.exec('UPDATE transfer SET turnUntilMs = max(turnUntilMs, ?)', leaseExpiresAtMs + TURN_SLACK_MS);
    this.#state.outbox.announce(THE_WATCH, nowMs);
  }

  /** Nothing is missing where shards may go. What still has to move, and cannot, is wished for until it can. */
  #finish(row: TransferRow, seats: readonly LiveSeat[], nowMs: number): void {
    const wish = wishOf(seats, row, false);
    this.#wish(row, wish);
    if (wish === null || row.mending === 'hardening') this.#rest();
    else this.#pause(row, nowMs);
  }

  /** Nothing to do: until something changes. */
  #rest(): void {
    this.#state.sql.exec('UPDATE transfer SET rebuildAtMs = NULL, rebuildPauses = 0, mending = NULL, turnUntilMs = 0');
  }

  /** Something to do, but nothing that can be done now. In a repair others have their turn meanwhile. */
  #pause(row: TransferRow, nowMs: number, againAtMs = nowMs + pauseMs(row.rebuildPauses, WORK_PAUSES)): void {
    this.#state.sql.exec('UPDATE transfer SET rebuildPauses = rebuildPauses + 1');
    if (row.mending === 'hardening') return this.#lookAt(againAtMs);
    this.#state.sql.exec('UPDATE transfer SET rebuildAtMs = NULL, turnUntilMs = 0, wishFromMs = ?', againAtMs);
    this.#state.outbox.announce(THE_WATCH, nowMs);
  }

  #lookAt(atMs: number | null): void {
    this.#state.sql.exec('UPDATE transfer SET rebuildAtMs = ?', atMs);
  }

  #wish(row: TransferRow, wish: RepairUrgency | null): void {
    const text = wish === null ? null : JSON.stringify(wish);
    if (text === row.wish) return;
    this.#state.sql.exec('UPDATE transfer SET wish = ?', text);
    this.#state.outbox.announce(THE_WATCH, clock.nowMs());
  }

  #liveSeats(row: TransferRow, around: Surroundings): LiveSeat[] {
    return liveSeats(this.#state.seats.all(), row, around);
  }

  /** Gives as many of the seats that have to move as there are nodes for. Who had one stays a source, if it holds more than who had it before. */
  #moveSeats(row: TransferRow, around: Surroundings): void {
    const seats = this.#liveSeats(row, around);
    const formers = this.#state.seats.formers();
    const had = new Set([...seats, ...formers].map(({ nodeId }) => nodeId).concat(this.#state.deletions.nodeIds()));
    let moving = seatsToMove(seats, row.mending, row);
    while (moving.length > 0) {
      // Fewer nodes than seats: those that stay count among the ones to keep apart from.
      const kept = seats.filter((seat) => !moving.includes(seat));
      const fresh = chooseReplacements(around.directory.index, kept, had, moving.length, layoutOf(row).shardBytesPerNode, this.#selectionTerms());
      if (fresh.length < moving.length) {
        moving = moving.slice(0, fresh.length);
        continue;
      }
      for (const [i, seat] of moving.entries()) {
        const former = formers.find(({ shardIndex }) => shardIndex === seat.shardIndex);
        const isSource = seat.shards > (former?.shards ?? 0);
        const leaving = isSource ? former : seat;
        if (isSource) this.#state.seats.retire(seat.shardIndex);
        this.#state.segments.vacate(seat.shardIndex, isSource);
        this.#state.seats.give(seat.shardIndex, fresh[i]!, around.nowMs);
        if (leaving !== undefined) dismiss(this.#state, leaving);
      }
      return;
    }
  }

  #dropJob(jobId: string): void {
    const job = this.#state.jobs.current();
    if (job?.jobId !== jobId) return; // its report was faster than its answer
    this.#state.jobs.end();
    this.#lookAt(clock.nowMs());
    const rebuilder = this.#state.seats.all().find(({ nodeId }) => nodeId === job.rebuilder);
    if (rebuilder !== undefined) this.#state.seats.fail(rebuilder, 'rebuilder', clock.nowMs());
  }

  #selectionTerms(): SelectionTerms {
    const seed = crypto.getRandomValues(new Uint8Array(RANDOM_SEED_BYTES));
    return { nowMs: clock.nowMs(), onlineForMs: onlineForMsOf(this.#env), seed, allowSharedHosts: allowsSharedHosts(this.#env), sender: null };
  }
}
