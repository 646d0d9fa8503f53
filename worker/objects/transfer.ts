/**
 * One transfer, from its creation until everybody may forget it. docs/protocol.md §10. What it does lies in ../transfer;
 * this object gives the parts one life, one storage and one alarm.
 *
 * Every call settles first what the clock alone decides (expiry, lapsed leases), so that a late or lost alarm changes
 * nothing that anyone can see.
 */
import { DurableObject } from 'cloudflare:workers';
import type { GeoPoint } from '../../shared/policy/index.ts';
import { ENDED_KEPT_MS } from '../../shared/protocol/limits.ts';
import type {
  Claim,
  CommitSegments,
  LinkStatus,
  NodesReport,
  OwnerStatus,
  Placement,
  PresenceWord,
  Problem,
  RebuildReport,
  RecipientStatus,
  Seat,
  SegmentTable,
} from '../../shared/protocol/messages.ts';
import { clock } from '../clock.ts';
import type { WorkerEnv } from '../environment.ts';
import { logFailure } from '../http/log.ts';
import type { Holder, LinkHolder, Owner } from '../http/tokens.ts';
import type { SeatNews } from '../node/news.ts';
import { toResult, type Result } from '../result.ts';
import { Custody } from '../transfer/custody.ts';
import { orderDeletions } from '../transfer/deleting.ts';
import { Extending } from '../transfer/extending.ts';
import { LinkKeeper } from '../transfer/link-keeper.ts';
import type { NewLink } from '../transfer/links.ts';
import { Mending } from '../transfer/mending.ts';
import { Messenger } from '../transfer/messenger.ts';
import { Notes } from '../transfer/notes.ts';
import { Recipients } from '../transfer/recipients.ts';
import type { NewTransfer } from '../transfer/record.ts';
import { Reports } from '../transfer/reports.ts';
import { Sender } from '../transfer/sender.ts';
import { TransferState } from '../transfer/state.ts';
import { ownerStatusOf } from '../transfer/status.ts';
import { sendShopper } from '../transfer/visits.ts';

/** An alarm whose work broke is tried again after this. */
const BROKEN_ALARM_PAUSE_MS = 30_000;

export class TransferObject extends DurableObject<WorkerEnv> {
  readonly #state = new TransferState(this.ctx.storage);
  readonly #notes = new Notes(this.env, this.ctx);
  readonly #sender = new Sender(this.#state, this.env, this.#notes);
  readonly #links = new LinkKeeper(this.#state);
  readonly #recipients = new Recipients(this.#state, this.env, this.#notes);
  readonly #reports = new Reports(this.#state, this.#notes);
  readonly #mending = new Mending(this.#state, this.env);
  readonly #custody = new Custody(this.#state, () => this.#mending.wake());
  readonly #extending = new Extending(this.#state, this.env, this.#custody);
  readonly #messenger = new Messenger(this.#state, this.env, () => this.#mending.wake());

  // The sender

  /**
   * Creates the transfer, or repeats the placement of one that was created with the same values and is uploading.
   *
   * @param sender - roughly where the sender is, null where unknown; weighed now, kept nowhere.
   */
  create(values: NewTransfer, sender: GeoPoint | null): Promise<Result<Placement>> {
    return toResult(() => this.#sender.create(values, sender));
  }
  storeOrders(owner: Owner, shardIndexes: readonly number[]): Promise<Result<Seat[]>> {
    return toResult(() => this.#sender.storeOrders(owner, shardIndexes));
  }
  /** @returns how many segments are committed in all. */
  commitSegments(owner: Owner, message: CommitSegments): Promise<Result<number>> {
    return toResult(() => this.#sender.commitSegments(owner, message));
  }
  presence(owner: Owner, word: PresenceWord): Promise<Result<null>> {
    return toResult(() => this.#sender.presence(owner, word));
  }
  putManifest(owner: Owner, sealed: Uint8Array): Promise<Result<null>> {
    return toResult(() => this.#sender.putManifest(owner, sealed));
  }
  /** @param source - where the sender's word on nodes comes from: its network. */
  complete(owner: Owner, report: NodesReport, source: string): Promise<Result<OwnerStatus>> {
    return toResult(() => this.#sender.complete(owner, report, source));
  }
  /** Extends or shortens the transfer's life; nodes confirm it by alarm. */
  changeExpiry(owner: Owner, expiresAtMs: number): Promise<Result<OwnerStatus>> {
    return toResult(() => this.#sender.changeExpiry(owner, expiresAtMs));
  }
  /** Revokes the transfer; one that has ended stays as it ended. */
  revoke(owner: Owner): Promise<Result<OwnerStatus>> {
    return toResult(() => this.#sender.revoke(owner));
  }
  /** Adds a link, or repeats the status of one that was added with the same values. */
  addLink(owner: Owner, link: NewLink): Promise<Result<LinkStatus>> {
    return toResult(() => this.#links.add(owner, link));
  }
  changeLimit(owner: Owner, linkId: string, downloadLimit: number | null): Promise<Result<LinkStatus>> {
    return toResult(() => this.#links.changeLimit(owner, linkId, downloadLimit));
  }
  revokeLink(owner: Owner, linkId: string): Promise<Result<LinkStatus>> {
    return toResult(() => this.#links.revoke(owner, linkId));
  }

  // Sender and recipients

  /** @param claimId - of a download that is under way. */
  status(holder: Holder, claimId?: string): Promise<Result<OwnerStatus | RecipientStatus>> {
    return toResult(() => {
      if (holder.role === 'access') return this.#recipients.status(holder, claimId);
      this.#state.open(holder);
      return ownerStatusOf(this.#state, this.env);
    });
  }

  // Recipients

  /** @param claimId - of a download that is under way. */
  readManifest(holder: LinkHolder, claimId?: string): Promise<Result<Uint8Array>> {
    return toResult(() => this.#recipients.readManifest(holder, claimId));
  }
  /**
   * Of the sender all that was entered; of a recipient what it can fetch.
   *
   * @param claimId - of a download that is under way.
   */
  readSegments(holder: Holder, from: number, claimId?: string): Promise<Result<SegmentTable>> {
    return toResult(() => (holder.role === 'owner' ? this.#sender.readSegments(holder, from) : this.#recipients.readSegments(holder, from, claimId)));
  }
  claim(holder: LinkHolder, claimId: string): Promise<Result<Claim>> {
    return toResult(() => this.#recipients.claim(holder, claimId));
  }
  /** @returns when the lease ends. */
  renew(holder: LinkHolder, claimId: string): Promise<Result<number>> {
    return toResult(() => this.#recipients.renew(holder, claimId));
  }
  fetchOrders(holder: LinkHolder, claimId: string, shardIndexes: readonly number[]): Promise<Result<Seat[]>> {
    return toResult(() => this.#recipients.fetchOrders(holder, claimId, shardIndexes));
  }
  /** @param source - where the recipient's word on nodes comes from: its network. */
  commit(holder: LinkHolder, claimId: string, report: NodesReport, source: string): Promise<Result<RecipientStatus>> {
    return toResult(() => this.#recipients.commit(holder, claimId, report, source));
  }
  release(holder: LinkHolder, claimId: string, problems: readonly Problem[], source: string): Promise<Result<RecipientStatus>> {
    return toResult(() => this.#recipients.release(holder, claimId, problems, source));
  }

  // Nodes and what is kept of them

  /** What a rebuilder achieved, or a mystery shopper met. */
  reportRebuild(nodeId: string, report: RebuildReport): Promise<Result<null>> {
    return toResult(async () => {
      await this.#reports.take(nodeId, report);
      return null;
    });
  }

  /** Committed roots of shards that the node is to hold, b64; null for one that it is no longer to hold. */
  async auditRoots(nodeId: string, leaves: readonly { readonly segment: number; readonly leaf: number }[]): Promise<(string | null)[]> {
    return this.#custody.auditRoots(nodeId, leaves);
  }
  /** What has become of a node that holds shards of this transfer. */
  async seatNews(nodeId: string, news: SeatNews): Promise<void> {
    this.#custody.learn(nodeId, news);
  }
  /** @param heldShards - how many the node says it has: fewer than it signed for. */
  async seatLost(nodeId: string, heldShards: number): Promise<void> {
    this.#custody.lose(nodeId, heldShards);
  }
  /** Whether a node that lists this transfer is to hold it. */
  async whereabouts(nodeId: string): Promise<'keep' | 'surplus'> {
    return this.#custody.whereabouts(nodeId);
  }
  /** Sends a mystery shopper to one of its nodes; where none can go, nothing happens. */
  async visit(nodeId: string): Promise<void> {
    await sendShopper(this.#state, this.env, nodeId);
  }
  /** The watch gives the transfer its turn to be repaired. @returns false when there is nothing to repair (any more). */
  async takeTurn(untilMs: number): Promise<boolean> {
    return this.#mending.takeTurn(untilMs);
  }

  // Time

  override async alarm(): Promise<void> {
    this.#state.woke();
    try {
      const row = this.#state.settle();
      if (row === null) return;
      if (row.endedAtMs !== null && row.endedAtMs + ENDED_KEPT_MS <= clock.nowMs()) return await this.#state.forget();
      this.#state.write(() => this.#state.claims.forget(clock.nowMs()));
      // What nodes no longer hold is known before anything is told or planned.
      this.#extending.giveUpLate();
      // A node that lets its deletion wait holds up neither what others are told nor a repair.
      const outcomes = await Promise.allSettled([orderDeletions(this.#state, this.env), this.#extending.order(), this.#messenger.deliver(), this.#mending.look()]);
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      this.#state.schedule();
    } catch (thrown) {
      // The runtime gives up on an alarm after a few failures; this one must go on until every node has deleted.
      logFailure('transfer alarm', thrown);
      this.#state.wakeAt(clock.nowMs() + BROKEN_ALARM_PAUSE_MS);
    }
  }
}
