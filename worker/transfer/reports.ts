/** What nodes report of the jobs that they were given: rebuilds, and visits. docs/protocol.md §10, POST rebuilds. */
import { SendError } from '../../shared/protocol/errors.ts';
import type { RebuildReport, ReceiptMessage } from '../../shared/protocol/messages.ts';
import { clock } from '../clock.ts';
import type { WorkerEnv } from '../environment.ts';
import { log, logFailure } from '../http/log.ts';
import type { Job, Visit } from './jobs.ts';
import { THE_WATCH } from './outbox.ts';
import { verifyReceipt, type ReceiptCheck } from './receipts.ts';
import { checkReady, layoutOf, type TransferRow } from './record.ts';
import { passOn, sourcesMet } from './refusals.ts';
import type { StoredShard } from './segments.ts';
import type { TransferState } from './state.ts';
import { receiptCheckOf, storeShards } from './storing.ts';

export class Reports {
  readonly #state: TransferState;
  readonly #env: WorkerEnv;
  readonly #ctx: DurableObjectState;
  constructor(state: TransferState, env: WorkerEnv, ctx: DurableObjectState) {
    this.#state = state;
    this.#env = env;
    this.#ctx = ctx;
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
    if (this.#operatorOf(nodeId) === null) throw new SendError('unauthorized', 'the transfer has no such node');
    checkReady(before);
    const check = receiptCheckOf(this.#state, before);
    const verified = await Promise.all(report.receipts.map((receipt) => verifyOrNothing(receipt, check)));
    const stored = verified.flatMap((shards) => shards ?? []);

    const row = this.#state.settle();
    if (row === null) throw new SendError('transfer_unknown');
    checkReady(row);
    const filled = new Set(stored.map(({ shardIndex }) => shardIndex));
    const operator = this.#operatorOf(nodeId);
    const job = this.#state.jobs.current();
    const isJobs = job?.jobId === report.jobId && job.rebuilder === nodeId;
    this.#state.write(() => {
      this.#store(row, stored, check);
      if (isJobs) this.#finishJob(job, filled, new Set(report.problems.map(({ shardIndex }) => shardIndex)), verified.includes(null));
    });
    log({ event: 'rebuild', step: 'reported', segments: new Set(stored.map(({ segment }) => segment)).size, shards: stored.length });
    if (isJobs && operator !== null) passOn({ nodeIds: sourcesMet(report.problems, job, filled), transferId: row.transferId, source: operator }, this.#env, this.#ctx);
  }

  #operatorOf(nodeId: string): string | null {
    return [...this.#state.seats.all(), ...this.#state.seats.formers()].find((keeper) => keeper.nodeId === nodeId)?.operator ?? null;
  }

  #store(row: TransferRow, stored: readonly StoredShard[], check: ReceiptCheck): void {
    const fresh = storeShards(this.#state, row, stored, check);
    if (fresh.length === 0) return;
    const nowMs = clock.nowMs();
    const seats = this.#state.seats.all();
    for (const shardIndex of new Set(fresh.map((shard) => shard.shardIndex))) this.#state.outbox.announce(seats[shardIndex]!.nodeId, nowMs);
    this.#state.outbox.announce(THE_WATCH, nowMs);
    this.#state.sql.exec('UPDATE transfer SET fruitlessJobs = 0, restUntilMs = 0');
    if (row.mending !== 'repair') return;
    const layout = layoutOf(row);
    const bytes = fresh.reduce((sum, { segment }) => sum + layout.segment(segment).shardBytes, 0);
    this.#state.sql.exec('UPDATE transfer SET repairShards = repairShards + ?, repairBytes = repairBytes + ?', fresh.length, bytes);
  }

  /**
   * Inside a transaction.
   *
   * @param filled - indexes of which receipts came. @param blamed - those that the rebuilder had trouble with.
   * @param isForged - whether it passed on a receipt that its node never signed.
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
    const noting = this.#env.NODES.get(this.#env.NODES.idFromName(nodeId)).noteVisit({ shopper: operator, served });
    this.#ctx.waitUntil(Promise.resolve(noting).catch((thrown: unknown) => logFailure('noting a visit', thrown)));
  }
}

/** @returns null for a receipt that proves nothing. */
async function verifyOrNothing(receipt: ReceiptMessage, check: ReceiptCheck): Promise<StoredShard[] | null> {
  try {
    return await verifyReceipt(receipt, check);
  } catch (thrown) {
    if (thrown instanceof SendError) return null;
    throw thrown;
  }
}
