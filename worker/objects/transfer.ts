/**
 * One transfer, from its creation until everybody may forget it: placement, segment table, manifest, claims, hardening
 * and deletion. docs/protocol.md §10. The parts live in ../transfer; this object gives them one life, one storage and
 * one alarm.
 *
 * Every call settles first what the clock alone decides (expiry, lapsed leases), so that a late or lost alarm changes
 * nothing that anyone can see. Between two awaits nothing else runs: what must hold together is decided and written there.
 */
import { DurableObject } from 'cloudflare:workers';
import { RANDOM_SEED_BYTES, chooseNodes, chooseReplacements, lossesSurvived, type GeoPoint, type Selection, type SelectionTerms } from '../../shared/policy/index.ts';
import { decodeB64, encodeB64, ID_BYTES, KEY_BYTES } from '../../shared/protocol/bytes.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { ENDED_KEPT_MS } from '../../shared/protocol/limits.ts';
import type { Claim, CommitSegments, Placement, Problem, RebuildReport, ReceiptMessage, Seat, SegmentTable, Status } from '../../shared/protocol/messages.ts';
import { clock } from '../clock.ts';
import { allowsSharedHosts, coordinatorKeyOf, onlineForMsOf, type WorkerEnv } from '../environment.ts';
import { log, logFailure } from '../http/log.ts';
import type { Holder } from '../http/tokens.ts';
import { readDirectory, type Directory } from '../network/directory.ts';
import { orderDeletion, orderRebuild } from '../network/node-client.ts';
import { toResult, type Result } from '../result.ts';
import type { SeatNews } from '../transfer/holding.ts';
import { CLAIMS_SCHEMA, Claims } from '../transfer/claims.ts';
import { DELETIONS_SCHEMA, Deletions, type DeletionRow } from '../transfer/deletions.ts';
import { MANIFEST_SCHEMA, ManifestParts } from '../transfer/manifest-parts.ts';
import { signSeat, signSeats, type OrderTerms } from '../transfer/orders.ts';
import { JOBS_SCHEMA, leaseMsOf, planRebuild, signJob, type JobRow, type RebuildPlan } from '../transfer/rebuilding.ts';
import { verifyReceipt, type ReceiptCheck } from '../transfer/receipts.ts';
import {
  RECORD_SCHEMA,
  checkAlive,
  checkHolder,
  checkReady,
  checkUploading,
  endsAtMs,
  isEnded,
  isSameTransfer,
  layoutOf,
  type EndedState,
  type NewTransfer,
  type TransferRow,
} from '../transfer/record.ts';
import { HOPELESS_FAILURES, SEATS_SCHEMA, Seats, pauseMs, type SeatRow } from '../transfer/seats.ts';
import { SEGMENTS_SCHEMA, Segments, indexesOf, type StoredShard } from '../transfer/segments.ts';

const SCHEMA = RECORD_SCHEMA + SEATS_SCHEMA + SEGMENTS_SCHEMA + MANIFEST_SCHEMA + CLAIMS_SCHEMA + DELETIONS_SCHEMA + JOBS_SCHEMA;
/** An alarm whose work broke is tried again after this. */
const BROKEN_ALARM_PAUSE_MS = 30_000;
/** Rebuilders that are asked in one alarm before it pauses. */
const REBUILDERS_AT_ONCE = 4;
/** u8 version, salt, tag, and the smallest padded JSON. */
const MIN_SEALED_MANIFEST_BYTES = 1 + KEY_BYTES + 16 + 256;

export class TransferObject extends DurableObject<WorkerEnv> {
  readonly #sql = this.ctx.storage.sql;
  readonly #seats = new Seats(this.#sql);
  readonly #segments = new Segments(this.#sql);
  readonly #manifest = new ManifestParts(this.#sql);
  readonly #claims = new Claims(this.#sql);
  readonly #deletions = new Deletions(this.#sql);
  #hasTables = false;
  /** What the alarm is known to be set to. */
  #alarmAtMs: number | undefined;

  // The sender

  /**
   * Creates the transfer, or repeats the placement of one that was created with the same values and is uploading.
   *
   * @param sender - roughly where the sender is, null where unknown; weighed now, kept nowhere.
   */
  create(values: NewTransfer, sender: GeoPoint | null): Promise<Result<Placement>> {
    return toResult(async () => {
      if (this.#settle() === null) {
        const directory = await readDirectory(this.env);
        this.#begin(values, chooseNodes(directory.index, values.contentBytes, { ...this.#selectionTerms(), sender }));
      }
      const row = this.#open({ role: 'owner', hash: values.ownerHash });
      if (!isSameTransfer(row, values)) throw new SendError('conflict', 'the transfer was created with other values');
      checkUploading(row);
      const { transferId, requiredShards, totalShards, safeShards, expiresAtMs } = row;
      const seats = this.#seats.all();
      const operators = seats.map(({ operator }) => operator);
      return {
        transferId,
        state: 'uploading',
        requiredShards,
        totalShards,
        safeShards,
        expiresAtMs,
        nodes: await this.#storeSeats(row, seats),
        survives: { nodes: totalShards - requiredShards, operators: lossesSurvived(operators, requiredShards) },
        relaxed: JSON.parse(row.relaxed) as string[],
      };
    });
  }

  storeOrders(holder: Holder, shardIndexes: readonly number[]): Promise<Result<Seat[]>> {
    return toResult(async () => {
      const row = this.#open(holder);
      checkUploading(row);
      this.#write(() => this.#touch());
      return this.#storeSeats(row, this.#seatsAt(shardIndexes));
    });
  }

  /** @returns how many segments are committed in all. */
  commitSegments(holder: Holder, { segments, receipts }: CommitSegments): Promise<Result<number>> {
    return toResult(async () => {
      const before = this.#open(holder);
      const { segmentCount } = layoutOf(before);
      for (const { index, roots } of segments) {
        if (index >= segmentCount || decodeB64(roots).length !== before.totalShards * KEY_BYTES) throw new SendError('bad_request', 'a segment does not fit the transfer');
      }
      if (new Set(segments.map(({ index }) => index)).size !== segments.length) throw new SendError('bad_request', 'a segment stands twice');
      const entered = new Map(segments.map(({ index, roots }) => [index, decodeB64(roots)]));
      const check = this.#receiptCheck(before, (segment) => entered.get(segment));
      const stored = (await Promise.all(receipts.map((receipt) => verifyReceipt(receipt, check)))).flat();

      this.#open(holder); // time has passed: it may have ended meanwhile
      this.#write(() => {
        for (const segment of segments) for (const shardIndex of indexesOf(this.#segments.enter(segment))) this.#seats.discountShards(shardIndex, 1);
        this.#store(stored, check, before.safeShards);
        this.#touch();
      });
      return this.#row().committedSegments;
    });
  }

  putManifest(holder: Holder, sealed: Uint8Array): Promise<Result<null>> {
    return toResult(() => {
      const row = this.#open(holder);
      if (sealed.length < MIN_SEALED_MANIFEST_BYTES || sealed[0] !== 1) throw new SendError('bad_request', 'not a sealed manifest');
      if (row.state === 'ready') {
        if (!this.#manifest.equals(sealed)) throw new SendError('conflict', 'the transfer is complete');
        return null;
      }
      this.#write(() => {
        this.#manifest.write(sealed);
        this.#touch();
      });
      return null;
    });
  }

  complete(holder: Holder, problems: readonly Problem[]): Promise<Result<Status>> {
    return toResult(() => {
      const row = this.#open(holder);
      if (row.state === 'uploading') {
        if (!this.#manifest.exists() || row.committedSegments < layoutOf(row).segmentCount) throw new SendError('incomplete');
        this.#write(() => this.#sql.exec("UPDATE transfer SET state = 'ready', rebuildAtMs = ?", clock.nowMs()));
        log({ event: 'transfer', change: 'ready' });
        this.#noteProblems(problems);
      }
      return this.#status(this.#row());
    });
  }

  /** Revokes the transfer; one that has ended stays as it ended. */
  revoke(holder: Holder): Promise<Result<Status>> {
    return toResult(() => {
      const row = this.#known(holder);
      if (!isEnded(row.state)) this.#write(() => this.#end('revoked'));
      return this.#status(this.#row());
    });
  }

  // Sender and recipients

  status(holder: Holder): Promise<Result<Status>> {
    return toResult(() => this.#status(this.#open(holder)));
  }

  // Recipients

  readManifest(holder: Holder): Promise<Result<Uint8Array>> {
    return toResult(() => {
      checkReady(this.#open(holder));
      return this.#manifest.read();
    });
  }

  readSegments(holder: Holder, from: number): Promise<Result<SegmentTable>> {
    return toResult(() => {
      const row = this.#open(holder);
      checkReady(row);
      return this.#segments.page(from, layoutOf(row).segmentCount);
    });
  }

  claim(holder: Holder, claimId: string): Promise<Result<Claim>> {
    return toResult(async () => {
      const row = this.#open(holder);
      checkReady(row);
      const leaseExpiresAtMs = this.#write(() => this.#claims.take(claimId, row, clock.nowMs()));
      const holding = this.#seats.all().filter(({ shards }) => shards > 0);
      return { claimId, leaseExpiresAtMs, nodes: await this.#fetchSeats(row, holding) };
    });
  }

  /** @returns when the lease ends. */
  renew(holder: Holder, claimId: string): Promise<Result<number>> {
    return toResult(() => {
      const row = this.#open(holder);
      checkReady(row);
      return this.#write(() => this.#claims.renew(claimId, row, clock.nowMs()));
    });
  }

  fetchOrders(holder: Holder, claimId: string, shardIndexes: readonly number[]): Promise<Result<Seat[]>> {
    return toResult(async () => {
      const row = this.#open(holder);
      checkReady(row);
      const seats = this.#seatsAt(shardIndexes);
      this.#write(() => this.#claims.renew(claimId, row, clock.nowMs()));
      return this.#fetchSeats(row, seats);
    });
  }

  commit(holder: Holder, claimId: string, problems: readonly Problem[]): Promise<Result<Status>> {
    return toResult(() => {
      const row = this.#known(holder);
      if (!this.#claims.isCommitted(claimId)) {
        checkReady(row);
        this.#write(() => {
          this.#claims.commit(claimId, row, clock.nowMs());
          this.#sql.exec('UPDATE transfer SET committedDownloads = committedDownloads + 1');
          if (row.downloadLimit !== null && row.committedDownloads + 1 >= row.downloadLimit) this.#end('used_up');
        });
        this.#noteProblems(problems);
      }
      return this.#status(this.#row());
    });
  }

  release(holder: Holder, claimId: string, problems: readonly Problem[]): Promise<Result<Status>> {
    return toResult(() => {
      const row = this.#known(holder);
      if (!this.#claims.isOver(claimId)) {
        checkReady(row);
        this.#write(() => this.#claims.release(claimId));
        this.#noteProblems(problems);
      }
      return this.#status(this.#row());
    });
  }

  // Nodes

  /**
   * What a rebuilder achieved. Receipts prove themselves: they count whatever became of the job, and one that does not
   * verify counts for nothing. Whether the job is over only decides what is looked for next.
   */
  reportRebuild(nodeId: string, { jobId, receipts, problems }: RebuildReport): Promise<Result<null>> {
    return toResult(async () => {
      const before = this.#settle();
      if (before === null) throw new SendError('transfer_unknown');
      const reporter = this.#seats.all().find((seat) => seat.nodeId === nodeId);
      if (reporter === undefined) throw new SendError('unauthorized', 'the transfer has no such node');
      checkReady(before);
      const check = this.#receiptCheck(before);
      const stored = (await Promise.all(receipts.map((receipt) => verifyOrNothing(receipt, check)))).flat();

      const row = this.#settle();
      if (row === null) throw new SendError('transfer_unknown');
      checkReady(row);
      this.#write(() => {
        this.#store(stored, check, row.safeShards);
        this.#finishJob(jobId, reporter, new Set(stored.map(({ shardIndex }) => shardIndex)), new Set(problems.map(({ shardIndex }) => shardIndex)));
      });
      log({ event: 'rebuild', step: 'reported', segments: new Set(stored.map(({ segment }) => segment)).size, shards: stored.length });
      this.#noteProblems(problems);
      return null;
    });
  }

  // The network

  /** Committed roots of shards that the node is to hold, b64; null for one that it is no longer to hold. */
  async auditRoots(_nodeId: string, leaves: readonly { readonly segment: number; readonly leaf: number }[]): Promise<(string | null)[]> {
    return leaves.map(() => null);
  }

  /** What has become of a node that holds shards of this transfer. */
  async seatNews(_nodeId: string, _news: SeatNews): Promise<void> {}

  /** @param heldShards - how many the node says it has: fewer than it signed for. */
  async seatLost(_nodeId: string, _heldShards: number): Promise<void> {}

  /** Whether a node that lists this transfer is to hold it. */
  async whereabouts(_nodeId: string): Promise<'keep' | 'surplus'> {
    return 'keep';
  }

  /** Sends a mystery shopper to one of its nodes. */
  async visit(_nodeId: string): Promise<void> {}

  // Time

  override async alarm(): Promise<void> {
    this.#alarmAtMs = undefined;
    try {
      const row = this.#settle();
      if (row === null) return;
      if (row.endedAtMs !== null && row.endedAtMs + ENDED_KEPT_MS <= clock.nowMs()) return await this.#forget();
      this.#write(() => this.#claims.forget(clock.nowMs()));
      await this.#orderDeletions();
      await this.#harden();
      this.#schedule();
    } catch (thrown) {
      // The runtime gives up on an alarm after a few failures; this one must go on until every node has deleted.
      logFailure('transfer alarm', thrown);
      await this.ctx.storage.setAlarm(clock.nowMs() + BROKEN_ALARM_PAUSE_MS);
    }
  }

  async #orderDeletions(): Promise<void> {
    const due = this.#deletions.due(clock.nowMs());
    if (due.length === 0) return;
    const [key, directory] = [await coordinatorKeyOf(this.env), await readDirectory(this.env)];
    const row = this.#row();
    const answered = await Promise.all(
      due.map(async (deletion: DeletionRow): Promise<boolean> => {
        const terms: OrderTerms = { action: 'delete', transferId: row.transferId, maxBytes: 0, shardExpiresAtMs: row.expiresAtMs, nowMs: clock.nowMs() };
        try {
          const statement = await orderDeletion(await signSeat({ ...deletion, url: urlNow(deletion, directory) }, terms, key), row.transferId);
          this.#write(() => this.#deletions.answered(deletion.nodeId, statement));
          return true;
        } catch (thrown) {
          expectSendError(thrown);
          this.#write(() => this.#deletions.failed(deletion, clock.nowMs()));
          return false;
        }
      }),
    );
    const done = answered.filter(Boolean).length;
    log({ event: 'deletion', answered: done, failed: answered.length - done });
  }

  /** Hands out the next rebuild job, once the one before is reported or lapsed. */
  async #harden(): Promise<void> {
    for (let i = 0; i < REBUILDERS_AT_ONCE; i++) {
      const directory = await readDirectory(this.env);
      const row = this.#settle();
      const nowMs = clock.nowMs();
      if (row?.state !== 'ready' || row.rebuildAtMs === null || row.rebuildAtMs > nowMs) return;
      const jobId = encodeB64(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
      const plan = this.#write(() => this.#nextJob(row, directory, jobId, nowMs));
      if (plan === null) return;
      const { transferId, requiredShards, totalShards, expiresAtMs: shardExpiresAtMs } = row;
      const urlOf = (seat: SeatRow): string => urlNow(seat, directory);
      const terms = { jobId, transferId, requiredShards, totalShards, shardExpiresAtMs, nowMs, layout: layoutOf(row), urlOf };
      const { order, body } = await signJob(plan, terms, await coordinatorKeyOf(this.env));
      const shards = plan.targets.reduce((sum, target) => sum + target.segments.length, 0);
      try {
        await orderRebuild({ url: urlOf(plan.rebuilder), nodeId: plan.rebuilder.nodeId, order }, body);
        log({ event: 'rebuild', step: 'ordered', segments: plan.segments.length, shards });
        return;
      } catch (thrown) {
        expectSendError(thrown);
        log({ event: 'rebuild', step: 'refused', segments: plan.segments.length, shards });
        this.#write(() => this.#dropJob(jobId, plan.rebuilder));
      }
    }
    this.#write(() => this.#pauseRebuilding(this.#row(), clock.nowMs()));
  }

  /** Inside a transaction. @returns null when a job is under way, or nothing can be done now, or nothing is missing. */
  #nextJob(row: TransferRow, directory: Directory, jobId: string, nowMs: number): RebuildPlan | null {
    const job = this.#job();
    if (job && job.leaseExpiresAtMs > nowMs) {
      this.#sql.exec('UPDATE transfer SET rebuildAtMs = ?', job.leaseExpiresAtMs);
      return null;
    }
    if (job) {
      this.#sql.exec('DELETE FROM job');
      const rebuilder = this.#seats.all().find(({ shardIndex }) => shardIndex === job.rebuilder);
      if (rebuilder) this.#seats.fail(rebuilder, 'rebuilder', nowMs);
      log({ event: 'rebuild', step: 'lapsed', segments: 0, shards: 0 });
    }
    this.#replaceHopeless(row, directory, nowMs);
    const seats = this.#seats.all().map((seat) => Object.assign(seat, { online: directory.isOnline(seat.nodeId, nowMs) }));
    const { plan, lacking } = planRebuild(this.#segments, seats, row.requiredShards, row.rebuildFrom, nowMs, Math.random());
    if (plan !== null) {
      const leaseExpiresAtMs = nowMs + leaseMsOf(plan, layoutOf(row), row.requiredShards);
      const targets = JSON.stringify(plan.targets.map(({ seat }) => seat.shardIndex));
      this.#sql.exec('INSERT INTO job (one, jobId, rebuilder, targets, leaseExpiresAtMs) VALUES (1, ?, ?, ?, ?)', jobId, plan.rebuilder.shardIndex, targets, leaseExpiresAtMs);
      this.#sql.exec('UPDATE transfer SET rebuildAtMs = ?, rebuildFrom = ?, rebuildPauses = 0', leaseExpiresAtMs, plan.segments.at(-1)!.segment + 1);
    } else if (lacking) this.#pauseRebuilding(row, nowMs);
    else this.#sql.exec('UPDATE transfer SET rebuildAtMs = NULL, rebuildPauses = 0');
    return plan;
  }

  /** Gives seats whose node is gone or keeps failing to fresh nodes, as long as nothing is stored there. */
  #replaceHopeless(row: TransferRow, directory: Directory, nowMs: number): void {
    const seats = this.#seats.all();
    const had = new Set([...seats.map(({ nodeId }) => nodeId), ...this.#deletions.nodeIds()]);
    for (const seat of seats) {
      const hopeless = !directory.isOnline(seat.nodeId, nowMs) || seat.targetFailures >= HOPELESS_FAILURES;
      if (seat.shards > 0 || !hopeless) continue;
      const others = this.#seats.all().filter(({ shardIndex }) => shardIndex !== seat.shardIndex);
      const [fresh] = chooseReplacements(directory.index, others, had, 1, layoutOf(row).shardBytesPerNode, this.#selectionTerms());
      if (fresh === undefined) return;
      had.add(fresh.nodeId);
      this.#seats.give(seat.shardIndex, fresh);
      this.#deletions.add(seat, nowMs); // it may hold shards that it never signed for
    }
  }

  #pauseRebuilding({ rebuildPauses }: TransferRow, nowMs: number): void {
    this.#sql.exec('UPDATE transfer SET rebuildAtMs = ?, rebuildPauses = rebuildPauses + 1', nowMs + pauseMs(rebuildPauses));
  }

  #dropJob(jobId: string, rebuilder: SeatRow): void {
    if (this.#job()?.jobId !== jobId) return; // its report was faster than its answer
    this.#sql.exec('DELETE FROM job');
    this.#sql.exec('UPDATE transfer SET rebuildAtMs = ?', clock.nowMs());
    this.#seats.fail(rebuilder, 'rebuilder', clock.nowMs());
  }

  /** Inside a transaction. @param served - seats whose receipts came. @param blamed - seats that the rebuilder had trouble with. */
  #finishJob(jobId: string, reporter: SeatRow, served: ReadonlySet<number>, blamed: ReadonlySet<number>): void {
    const job = this.#job();
    if (job?.jobId !== jobId || job.rebuilder !== reporter.shardIndex) return;
    const nowMs = clock.nowMs();
    const targets = new Set(JSON.parse(job.targets) as number[]);
    for (const seat of this.#seats.all()) {
      if (!targets.has(seat.shardIndex)) continue;
      // A report without any receipt that blames nobody says something of the rebuilder alone.
      if (blamed.has(seat.shardIndex) || (served.size > 0 && !served.has(seat.shardIndex))) this.#seats.fail(seat, 'target', nowMs);
    }
    if (served.size > 0) this.#seats.succeedAsRebuilder(reporter.shardIndex);
    else this.#seats.fail(reporter, 'rebuilder', nowMs);
    this.#sql.exec('DELETE FROM job');
    this.#sql.exec('UPDATE transfer SET rebuildAtMs = ?', nowMs);
  }

  #job(): JobRow | undefined {
    return this.#sql.exec<JobRow>('SELECT jobId, rebuilder, targets, leaseExpiresAtMs FROM job').toArray()[0];
  }

  // Life

  #begin(values: NewTransfer, { nodes, requiredShards, totalShards, safeShards, relaxed }: Selection): void {
    if (this.#load() !== null) return; // the same request came twice at once
    const nowMs = clock.nowMs();
    this.ctx.storage.transactionSync(() => {
      this.#sql.exec(SCHEMA);
      this.#sql.exec(
        `INSERT INTO transfer (one, transferId, ownerHash, accessHash, contentBytes, expiresInSeconds, downloadLimit,
           requiredShards, totalShards, safeShards, relaxed, createdAtMs, expiresAtMs, touchedAtMs, state)
         VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'uploading')`,
        values.transferId,
        values.ownerHash,
        values.accessHash,
        values.contentBytes,
        values.expiresInSeconds,
        values.downloadLimit,
        requiredShards,
        totalShards,
        safeShards,
        JSON.stringify(relaxed),
        nowMs,
        nowMs + values.expiresInSeconds * 1000,
        nowMs,
      );
      for (const [shardIndex, node] of nodes.entries()) this.#seats.give(shardIndex, node);
    });
    this.#hasTables = true;
    this.#schedule();
    log({ event: 'transfer', change: 'created' });
  }

  /** The row, or null where there is no transfer. Looking writes nothing. */
  #load(): TransferRow | null {
    this.#hasTables ||= this.#sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'transfer'").toArray().length > 0;
    return this.#hasTables ? (this.#sql.exec<TransferRow>('SELECT * FROM transfer').toArray()[0] ?? null) : null;
  }
  #row(): TransferRow {
    const row = this.#load();
    if (row === null) throw new Error('the transfer vanished in the middle of a call');
    return row;
  }

  /** The row after what the clock has decided meanwhile. */
  #settle(): TransferRow | null {
    const row = this.#load();
    if (row === null || isEnded(row.state) || clock.nowMs() < endsAtMs(row)) return row;
    this.#write(() => this.#end('expired'));
    return this.#load();
  }

  /** @throws SendError `transfer_unknown`, `wrong_owner`, `wrong_link`. */
  #known(holder: Holder): TransferRow {
    const row = this.#settle();
    if (row === null) throw new SendError('transfer_unknown');
    checkHolder(row, holder);
    return row;
  }
  /** @throws SendError like `#known`, and the code of an ended state. */
  #open(holder: Holder): TransferRow {
    const row = this.#known(holder);
    checkAlive(row);
    return row;
  }

  /** Inside a transaction. From here on nothing is served any more: contents go at once, and every node is told. */
  #end(state: EndedState): void {
    const nowMs = clock.nowMs();
    this.#sql.exec('UPDATE transfer SET state = ?, endedAtMs = ?, rebuildAtMs = NULL', state, nowMs);
    for (const seat of this.#seats.all()) this.#deletions.add(seat, nowMs);
    this.#sql.exec('DELETE FROM segments; DELETE FROM manifest; DELETE FROM job;');
    log({ event: 'transfer', change: state });
  }

  async #forget(): Promise<void> {
    this.#hasTables = false;
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
  }

  /** One transaction, and the alarm that its outcome asks for. */
  #write<T>(change: () => T): T {
    const outcome = this.ctx.storage.transactionSync(change);
    this.#schedule();
    return outcome;
  }

  #schedule(): void {
    const row = this.#row();
    const times = [
      row.endedAtMs === null ? endsAtMs(row) : row.endedAtMs + ENDED_KEPT_MS,
      row.state === 'ready' ? row.rebuildAtMs : null,
      this.#deletions.nextAtMs(),
      this.#claims.nextForgottenAtMs(),
    ].filter((atMs) => atMs !== null);
    const nextMs = Math.min(...times);
    if (nextMs === this.#alarmAtMs) return;
    this.#alarmAtMs = nextMs;
    // Written together with the rows before it; what depends on it, depends on them too.
    void this.ctx.storage.setAlarm(nextMs);
  }

  #touch(): void {
    this.#sql.exec('UPDATE transfer SET touchedAtMs = ?', clock.nowMs());
  }

  /** Inside a transaction: enters verified shards, as long as the seat is still that of the node that signed. */
  #store(stored: readonly StoredShard[], check: ReceiptCheck, safeShards: number): void {
    const nodes = new Map(this.#seats.all().map(({ shardIndex, nodeId }) => [shardIndex, nodeId]));
    const added = new Map<number, number>();
    let committed = 0;
    for (const shard of stored) {
      if (nodes.get(shard.shardIndex) !== check.nodeAt(shard.shardIndex)) continue;
      const { isNew, commits } = this.#segments.store(shard, safeShards);
      if (isNew) added.set(shard.shardIndex, (added.get(shard.shardIndex) ?? 0) + 1);
      if (commits) committed += 1;
    }
    for (const [shardIndex, count] of added) this.#seats.countShards(shardIndex, count);
    if (committed > 0) this.#sql.exec('UPDATE transfer SET committedSegments = committedSegments + ?', committed);
  }

  #receiptCheck(row: TransferRow, entered: (segment: number) => Uint8Array | undefined = () => undefined): ReceiptCheck {
    const nodes = new Map(this.#seats.all().map(({ shardIndex, nodeId }) => [shardIndex, nodeId]));
    const known = (segment: number): Uint8Array | undefined => {
      const found = this.#segments.find(segment);
      return found && new Uint8Array(found.roots);
    };
    return {
      transferId: row.transferId,
      createdAtMs: row.createdAtMs,
      expiresAtMs: row.expiresAtMs,
      layout: layoutOf(row),
      nowMs: clock.nowMs(),
      nodeAt: (shardIndex) => nodes.get(shardIndex),
      rootsOf: (segment) => entered(segment) ?? known(segment),
    };
  }

  #seatsAt(shardIndexes: readonly number[]): SeatRow[] {
    const seats = this.#seats.all();
    return shardIndexes.map((index) => {
      const seat = seats[index];
      if (seat === undefined) throw new SendError('bad_request', 'the transfer has no such shard index');
      return seat;
    });
  }

  // A sender may have to send a shard twice, after a broken connection or when a segment is sealed again.
  #storeSeats(row: TransferRow, seats: readonly SeatRow[]): Promise<Seat[]> {
    return this.#signSeats(row, seats, 'store', 2 * layoutOf(row).shardBytesPerNode);
  }
  #fetchSeats(row: TransferRow, seats: readonly SeatRow[]): Promise<Seat[]> {
    return this.#signSeats(row, seats, 'fetch', layoutOf(row).shardBytesPerNode);
  }
  async #signSeats(row: TransferRow, seats: readonly SeatRow[], action: 'store' | 'fetch', maxBytes: number): Promise<Seat[]> {
    const [key, directory] = [await coordinatorKeyOf(this.env), await readDirectory(this.env)];
    const places = seats.map(({ shardIndex, nodeId, url }) => ({ shardIndex, nodeId, url: urlNow({ nodeId, url }, directory) }));
    return signSeats(places, { action, transferId: row.transferId, maxBytes, shardExpiresAtMs: row.expiresAtMs, nowMs: clock.nowMs() }, key);
  }

  #status(row: TransferRow): Status {
    const { transferId, state, requiredShards, totalShards, contentBytes, createdAtMs, expiresAtMs } = row;
    const fewest = this.#segments.fewestStored();
    return {
      transferId,
      state,
      requiredShards,
      totalShards,
      contentBytes,
      createdAtMs,
      expiresAtMs,
      downloads: { limit: row.downloadLimit, committed: row.committedDownloads, claimed: isEnded(state) ? 0 : this.#claims.countLive(clock.nowMs()) },
      segments: { total: layoutOf(row).segmentCount, committed: row.committedSegments },
      survives: fewest === null ? 0 : fewest - requiredShards,
    };
  }

  #selectionTerms(): SelectionTerms {
    const seed = crypto.getRandomValues(new Uint8Array(RANDOM_SEED_BYTES));
    return { nowMs: clock.nowMs(), onlineForMs: onlineForMsOf(this.env), seed, allowSharedHosts: allowsSharedHosts(this.env), sender: null };
  }

  /** Passes on what was met at nodes. Nobody waits for it. */
  #noteProblems(problems: readonly Problem[]): void {
    for (const { nodeId, shardIndex } of this.#seats.all()) {
      const codes = problems.filter((problem) => problem.shardIndex === shardIndex).map(({ code }) => code);
      if (codes.length === 0) continue;
      const noting = this.env.NODES.get(this.env.NODES.idFromName(nodeId)).noteProblems(codes);
      this.ctx.waitUntil(noting.catch((thrown: unknown) => logFailure('noting problems', thrown)));
    }
  }
}

/** Where a node is now: the directory knows better than the seat, which was given some time ago. */
const urlNow = ({ nodeId, url }: Pick<SeatRow, 'nodeId' | 'url'>, directory: Directory): string => directory.find(nodeId)?.url ?? url;

async function verifyOrNothing(receipt: ReceiptMessage, check: ReceiptCheck): Promise<StoredShard[]> {
  try {
    return await verifyReceipt(receipt, check);
  } catch (thrown) {
    expectSendError(thrown);
    return [];
  }
}

/** Lets expected failures pass and throws everything else on. */
function expectSendError(thrown: unknown): void {
  if (!(thrown instanceof SendError)) throw thrown;
}
