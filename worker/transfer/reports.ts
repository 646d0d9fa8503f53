/** What nodes report of the jobs that they were given: rebuilds, and visits. docs/protocol.md §10, POST rebuilds. */
import { SendError } from '../../shared/protocol/errors.ts';
import type { RebuildReport, ReceiptMessage } from '../../shared/protocol/messages.ts';
import { clock } from '../clock.ts';
import { log } from '../http/log.ts';
import { failedHandovers, type Doubt, type Party } from './handovers.ts';
import type { Job, Visit } from './jobs.ts';
import type { Notes } from './notes.ts';
import { THE_WATCH } from './outbox.ts';
import { verifyReceipt, verifySigned, type ReceiptCheck } from './receipts.ts';
import { checkReady, layoutOf, type TransferRow } from './record.ts';
import { sourcesMet } from './refusals.ts';
import type { StoredShard } from './segments.ts';
import type { TransferState } from './state.ts';
import { receiptCheckOf, storeShards } from './storing.ts';

export class Reports {
  readonly #state: TransferState;
  readonly #notes: Notes;
  constructor(state: TransferState, notes: Notes) {
    this.#state = state;
    this.#notes = notes;
  }

  /**
   * Receipts prove themselves: they count whatever became of the job, and one that does not verify counts for nothing.
   * Whether the job is over only decides what is looked for next.
   *
   * @throws SendError `transfer_unknown`, `transfer_uploading`, `unauthorized`, or the code of an ended state.
   */
  async take(nodeId: string, report: RebuildReport): Promise<void> {
    const before = this.#state.settle();
    if (before === null) throw new SendError('transfer_unknown');
    const visit = this.#state.jobs.visit(report.jobId);
    if (visit?.shopper === nodeId) return this.#endVisit(visit, report);
    const operator = this.#operatorOf(nodeId);
    if (operator === null) throw new SendError('unauthorized', 'the transfer has no such node');
    checkReady(before);
    const check = receiptCheckOf(this.#state, before);
    const job = this.#jobOf(nodeId, report);
    const verified = await Promise.all(report.receipts.map((receipt) => orNothing(verifyReceipt(receipt, check))));
    const stored = verified.flatMap((shards) => shards ?? []);
    const isForged =
      job !== null &&
      (await isAnyForged(
        report.receipts.filter((_, i) => verified[i] === null),
        check,
        job,
      ));

    const row = this.#state.settle();
    if (row === null) throw new SendError('transfer_unknown');
    checkReady(row);
    const filled = new Set(stored.map(({ shardIndex }) => shardIndex));
    const isJobs = job !== null && this.#jobOf(nodeId, report) !== null; // else it was repeated, or lapsed meanwhile
    const reporter: Party = { nodeId, operator };
    const doubts = this.#state.write(() => {
      const settled = this.#store(row, stored, check, reporter);
      if (!isJobs) return settled;
      for (const failed of failedHandovers(job, reporter, report.problems, filled, (target) => this.#operatorOf(target))) this.#state.handovers.note(failed);
      this.#finishJob(job, filled, new Set(report.problems.map(({ shardIndex }) => shardIndex)), isForged);
      return settled;
    });
    log({ event: 'rebuild', step: 'reported', segments: new Set(stored.map(({ segment }) => segment)).size, shards: stored.length });
    const { transferId } = row;
    for (const doubt of doubts) this.#notes.failedHandover(doubt.nodeId, { transferId, source: doubt.witness });
    if (!isJobs) return;
    this.#notes.refusals(sourcesMet(report.problems, job, filled), { transferId, source: operator });
    if (isForged) this.#notes.forgery(nodeId, transferId);
  }

  /** The job under way, if the report is its rebuilder's. */
  #jobOf(nodeId: string, { jobId }: RebuildReport): Job | null {
    const job = this.#state.jobs.current();
    return job?.jobId === jobId && job.rebuilder === nodeId ? job : null;
  }

  #operatorOf(nodeId: string): string | null {
    return [...this.#state.seats.all(), ...this.#state.seats.formers()].find((keeper) => keeper.nodeId === nodeId)?.operator ?? null;
  }

  /** @returns what the shards that came through tell of those who had trouble with them before. */
  #store(row: TransferRow, stored: readonly StoredShard[], check: ReceiptCheck, reporter: Party): Doubt[] {
    const fresh = storeShards(this.#state, row, stored, check);
    if (fresh.length === 0) return [];
    const nowMs = clock.nowMs();
    const seats = this.#state.seats.all();
    for (const shardIndex of new Set(fresh.map((shard) => shard.shardIndex))) this.#state.outbox.announce(seats[shardIndex]!.nodeId, nowMs);
    this.#state.outbox.announce(THE_WATCH, nowMs);
    this.#state.sql.exec('UPDATE transfer SET fruitlessJobs = 0, restUntilMs = 0');
    if (row.mending === 'repair') {
      const layout = layoutOf(row);
      const bytes = fresh.reduce((sum, { segment }) => sum + layout.segment(segment).shardBytes, 0);
      this.#state.sql.exec('UPDATE transfer SET repairShards = repairShards + ?, repairBytes = repairBytes + ?', fresh.length, bytes);
    }
    return this.#state.handovers.settle(fresh, reporter, (shardIndex) => seats[shardIndex]?.nodeId);
  }

  /**
   * Inside a transaction.
   *
   * @param filled - indexes of which receipts came. @param blamed - those that the rebuilder had trouble with.
   * @param isForged - whether it passed on a receipt that its target never signed.
   */
  #finishJob(job: Job, filled: ReadonlySet<number>, blamed: ReadonlySet<number>, isForged: boolean): void {
    const nowMs = clock.nowMs();
    const seats = this.#state.seats.all();
    for (const seat of seats) {
      if (job.targets.get(seat.shardIndex) !== seat.nodeId || filled.has(seat.shardIndex)) continue;
      // A report without any receipt that blames nobody says something of the rebuilder alone.
      if (blamed.has(seat.shardIndex) || filled.size > 0) this.#state.seats.fail(seat, 'target', nowMs);
    }
    const reporter = seats.find(({ nodeId }) => nodeId === job.rebuilder);
    if (reporter !== undefined && filled.size > 0 && !isForged) this.#state.seats.succeedAsRebuilder(reporter.shardIndex);
    else if (reporter !== undefined) this.#state.seats.fail(reporter, 'rebuilder', nowMs);
    this.#state.jobs.end();
    this.#state.sql.exec("UPDATE transfer SET rebuildAtMs = ?, repairJobs = repairJobs + (mending IS 'repair' AND ?)", nowMs, filled.size > 0 ? 1 : 0);
  }

  #endVisit({ jobId, nodeId, operator }: Visit, report: RebuildReport): void {
    const seat = this.#state.seats.all().find((each) => each.nodeId === nodeId);
    this.#state.write(() => this.#state.jobs.endVisit(jobId));
    if (seat === undefined) return; // it went elsewhere meanwhile
    const served = report.problems.every(({ shardIndex }) => shardIndex !== seat.shardIndex);
    this.#notes.visit(nodeId, { shopper: operator, served });
  }
}

/** @returns null for a receipt that proves nothing. */
async function orNothing(verifying: Promise<StoredShard[]>): Promise<StoredShard[] | null> {
  try {
    return await verifying;
  } catch (thrown) {
    if (thrown instanceof SendError) return null;
    throw thrown;
  }
}

/**
 * Whether the job's report holds a receipt that the job's target did not sign. An honest rebuilder checks them before
 * (docs/protocol.md §9), so that the report, which it has signed, proves the forgery.
 */
async function isAnyForged(refused: readonly ReceiptMessage[], check: ReceiptCheck, { targets }: Job): Promise<boolean> {
  const signed = await Promise.all(refused.map((receipt) => orNothing(verifySigned(receipt, { ...check, nodeAt: (shardIndex) => targets.get(shardIndex) }))));
  return signed.includes(null);
}
