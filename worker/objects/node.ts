/**
 * One node as the coordinator sees it: its registration and presence, what it has signed for, its audits and
 * inventories, and what follows for its standing. docs/protocol.md §10. The parts live in ../node; this object gives
 * them one life, one storage and one alarm.
 */
import { DurableObject } from 'cloudflare:workers';
import { announceExit, appeal, appealFromEpoch, epochAt, type Judged, type Reputation } from '../../shared/policy/index.ts';
import { equalSecrets } from '../../shared/protocol/bytes.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import type { Bucket, BucketAnswer, Inventory } from '../../shared/protocol/inventory.ts';
import type { Heartbeat, Registration } from '../../shared/protocol/messages.ts';
import type { NodeStatus } from '../../shared/protocol/node-status.ts';
import { clock } from '../clock.ts';
import { epochMsOf, onlineForMsOf, type WorkerEnv } from '../environment.ts';
import { logFailure } from '../http/log.ts';
import type { NodePlace } from '../network/place.ts';
import { shardFor } from '../network/shards.ts';
import { runErrands, settleLosses, tellNews, type NodeContext } from '../node/duties.ts';
import { closeEpoch } from '../node/epoch-closing.ts';
import { EpochMoments, skewMsOf } from '../node/epoch-moments.ts';
import { compareBucket, differingBuckets, takeTurns } from '../node/inventories.ts';
import type { TransferHolding } from '../node/holdings.ts';
import type { SeatNews } from '../node/news.ts';
import { countPresence } from '../node/presence.ts';
import type { SignedBy } from '../node/registration.ts';
import { nodeStatusOf } from '../node/status.ts';
import { NodeStores, judgementOf } from '../node/stores.ts';
import { deleteSurplus } from '../node/surplus.ts';
import { Testimony, type Complaint, type MeasuredSpeed, type VisitOutcome } from '../node/testimony.ts';
import { toResult, type Result } from '../result.ts';
import { FORGOTTEN_AFTER_MS } from './directory.ts';

/** What broke is tried again after this, or after a look where epochs are short. */
const PAUSE_MS = 30_000;

export class NodeObject extends DurableObject<WorkerEnv> {
  readonly #stores = new NodeStores(this.ctx.storage.sql);
  readonly #testimony = new Testimony({
    stores: this.#stores,
    write: (change) => this.#write(change),
    take: (event) => this.#take(event),
    nowMs: () => clock.nowMs(),
    epoch: () => this.#epochAt(clock.nowMs()),
  });
  #isRegistered = false;
  /** What the alarm is known to be set to. */
  #alarmAtMs: number | undefined;
  /** Duties rest until then, after one broke. */
  #pausedUntilMs = 0;

  // The node

  /**
   * `too_many_requests` where the directory has no room. The caller has verified that the node answers at its address.
   * Coming back changes no judgement.
   */
  register(by: SignedBy, registration: Registration, place: NodePlace): Promise<Result<null>> {
    return toResult(async () => {
      const wasKnown = this.#isKnown();
      const nowMs = clock.nowMs();
      const isNew = this.ctx.storage.transactionSync(() => {
        this.#stores.begin(nowMs, this.#epochAt(nowMs));
        if (wasKnown) this.#countPresence(nowMs);
        return this.#stores.registration.register(by, registration, place.network, nowMs);
      });
      this.#isRegistered = true;
      if (!isNew) return null;
      const { url, operator, capacityBytes, freeBytes } = registration;
      const judgement = judgementOf(this.#stores.reputation.read());
      const answer = await this.#directory(by.nodeId).register({ ...place, ...judgement, nodeId: by.nodeId, url, operator, capacityBytes, freeBytes, lastSeenMs: nowMs });
      if (!answer.ok) {
        if (!wasKnown) await this.#forget(); // keys cost nothing: one that was refused leaves nothing behind
        throw new SendError(answer.code, answer.message);
      }
      this.#schedule();
      return null;
    });
  }

  /** `not_found` for a node that has to register first. */
  heartbeat(by: SignedBy, beat: Heartbeat): Promise<Result<null>> {
    return toResult(async () => {
      this.#checkKnown();
      const nowMs = clock.nowMs();
      const isNew = this.ctx.storage.transactionSync(() => {
        this.#countPresence(nowMs);
        return this.#stores.registration.beat(by.atMs, beat, nowMs);
      });
      if (this.#alarmAtMs === undefined) this.#schedule();
      if (isNew && !(await this.#directory(by.nodeId).hear({ nodeId: by.nodeId, freeBytes: beat.freeBytes, atMs: nowMs }))) throw new SendError('not_found');
      return null;
    });
  }

  /** @returns buckets that are to be listed. */
  compareInventory(inventory: Inventory): Promise<Result<number[]>> {
    return toResult(() => {
      this.#checkKnown();
      return differingBuckets(inventory, (bucket) => this.#stores.holdings.inBucket(bucket));
    });
  }

  /** Takes in what the node lists of one bucket. @returns orders for what is to go; what is lacking is settled by alarm. */
  compareBucket(by: SignedBy, bucket: number, listed: Bucket): Promise<Result<BucketAnswer['surplus']>> {
    return toResult(async () => {
      this.#checkKnown();
      const terms = { bucket, listedAtMs: by.atMs, nowMs: clock.nowMs(), skewMs: skewMsOf(epochMsOf(this.env)) };
      const { unknown, lacking } = compareBucket(listed, this.#stores.holdings.inBucket(bucket), terms);
      if (lacking.length > 0) this.#write(() => lacking.forEach((loss) => this.#stores.losses.suspect(loss)));
      return deleteSurplus(this.env, by.nodeId, takeTurns(unknown, Math.random()));
    });
  }

  leave(): Promise<Result<NodeStatus>> {
    return toResult(() => {
      this.#checkKnown();
      this.#judge(announceExit);
      return this.#status();
    });
  }

  /** `conflict` before its time. One that was granted is granted: repeating it changes nothing. */
  appeal(): Promise<Result<NodeStatus>> {
    return toResult(() => {
      this.#checkKnown();
      const epoch = this.#epochAt(clock.nowMs());
      if ((appealFromEpoch(this.#stores.reputation.read()) ?? 0) > epoch) throw new SendError('conflict', 'the appeal is not heard yet');
      this.#judge((record) => appeal(record, epoch));
      return this.#status();
    });
  }

  /** @param viewHash - of the token that asks; null where the node itself does. */
  status(viewHash: Uint8Array | null): Promise<Result<NodeStatus>> {
    return toResult(() => {
      const expected = this.#isKnown() ? this.#stores.registration.viewHash() : null;
      if (viewHash !== null && (expected === null || !equalSecrets(expected, viewHash))) throw new SendError('unauthorized');
      this.#checkKnown();
      return this.#status();
    });
  }

  // Transfers

  /** The node has signed for exactly this much of a transfer: replaces what was known of that. A node that never registered counts as disqualified. */
  async hold(holding: TransferHolding): Promise<SeatNews> {
    if (!this.#isKnown()) return { standing: 'disqualified', owedSinceEpoch: null, generation: 0 };
    return this.#write(() => {
      const news = this.#stores.news.of(this.#stores.reputation.read());
      this.#stores.holdings.hold(holding, clock.nowMs());
      this.#stores.news.told(holding.transferId, news.generation);
      return news;
    });
  }

  /** The node is to hold nothing of the transfer any more. */
  async letGo(transferId: string): Promise<void> {
    if (this.#isKnown()) this.#write(() => this.#stores.letGo(transferId));
  }

  // What others met at it, and what was proved of it; see ../node/testimony.ts

  /** Downloads that clients and rebuilders were refused. */
  async noteRefusal(complaint: Complaint): Promise<void> {
    if (this.#isKnown()) this.#testimony.refusal(complaint);
  }
  async noteSpeed(measured: MeasuredSpeed): Promise<void> {
    if (this.#isKnown()) this.#testimony.speed(measured);
  }
  async noteVisit(outcome: VisitOutcome): Promise<void> {
    if (this.#isKnown()) this.#testimony.visit(outcome);
  }
  /** Rebuilt shards that did not get through at it, and did without it. */
  async noteFailedHandover(complaint: Complaint): Promise<void> {
    if (this.#isKnown()) this.#testimony.failedHandover(complaint);
  }
  /** It passed on a receipt that no node signed. The caller has checked that. */
  async noteForgery(transferId: string): Promise<void> {
    if (this.#isKnown()) this.#testimony.forgery(transferId);
  }

  // Time

  override async alarm(): Promise<void> {
    this.#alarmAtMs = undefined;
    if (!this.#isKnown()) return;
    const nowMs = clock.nowMs();
    this.#write(() => {
      this.#stores.holdings.forgetExpired(nowMs);
      this.#countPresence(nowMs);
    });
    const node: NodeContext = { env: this.env, nodeId: this.#stores.registration.nodeId(), stores: this.#stores, write: (change) => this.#write(change) };
    const epoch = this.#moments().reachedAt(nowMs);
    // News go first, and once more after an audit that made some.
    await this.#attempt(() => settleLosses(node));
    await this.#attempt(() => tellNews(node));
    if (this.#stores.presence.read().closedEpoch < epoch) await this.#attempt(() => closeEpoch(node, epoch));
    await this.#attempt(() => tellNews(node));
    await this.#attempt(() => runErrands(node));
    this.#schedule();
  }

  /** A duty that breaks rests, and the others go on. */
  async #attempt(duty: () => Promise<void>): Promise<void> {
    try {
      await duty();
    } catch (thrown) {
      logFailure('node alarm', thrown);
      this.#pausedUntilMs = clock.nowMs() + Math.min(PAUSE_MS, this.#moments().lookMs);
    }
  }

  #schedule(): void {
    const nowMs = clock.nowMs();
    const moments = this.#moments();
    const { holdings, losses, errands, news, presence, registration } = this.#stores;
    const isDutyLeft = !losses.isEmpty() || !errands.isEmpty() || !news.isTold() || presence.read().closedEpoch < moments.reachedAt(nowMs);
    const isGone = nowMs - registration.read().lastSeenMs >= FORGOTTEN_AFTER_MS && holdings.totals().transfers === 0;
    if (isGone && !isDutyLeft) return;
    const nextMs = isDutyLeft ? Math.max(nowMs, this.#pausedUntilMs) : moments.nextLookMs(nowMs);
    if (nextMs === this.#alarmAtMs) return;
    this.#alarmAtMs = nextMs;
    // Written together with the rows before it; what depends on it, depends on them too.
    void this.ctx.storage.setAlarm(nextMs);
  }

  // Parts

  /** One transaction, and the alarm that its outcome asks for. */
  #write<T>(change: () => T): T {
    const outcome = this.ctx.storage.transactionSync(change);
    this.#schedule();
    return outcome;
  }

  #judge(event: (record: Reputation) => Judged): void {
    this.#write(() => this.#take(event));
  }
  /** Inside a transaction: takes in an event, if it changes anything. */
  #take(event: (record: Reputation) => Judged): void {
    const before = this.#stores.reputation.read();
    const judged = event(before);
    if (judged.record !== before) this.#stores.take(judged, clock.nowMs());
  }

  /** Inside a transaction. */
  #countPresence(nowMs: number): void {
    const { presence, registration } = this.#stores;
    const terms = { onlineForMs: onlineForMsOf(this.env), lookMs: this.#moments().lookMs };
    presence.write(countPresence(presence.read(), registration.read().lastSeenMs, nowMs, terms));
  }

  #status(): NodeStatus {
    return nodeStatusOf(this.#stores, this.#stores.reputation.read(), epochMsOf(this.env));
  }
  #moments(): EpochMoments {
    return new EpochMoments(this.#stores.registration.nodeId(), epochMsOf(this.env));
  }
  #epochAt(nowMs: number): number {
    return epochAt(nowMs, epochMsOf(this.env));
  }
  #directory(nodeId: string) {
    return shardFor(this.env.DIRECTORY, nodeId);
  }

  /** Whether the node ever registered; asking writes nothing. */
  #isKnown(): boolean {
    this.#isRegistered ||= this.#stores.exist();
    return this.#isRegistered;
  }
  /** @throws SendError `not_found`. */
  #checkKnown(): void {
    if (!this.#isKnown()) throw new SendError('not_found');
  }

  async #forget(): Promise<void> {
    this.#isRegistered = false;
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
  }
}
