/** What recipients do: read, claim, fetch, commit. docs/protocol.md §10, claims. */
import { epochAt } from '../../shared/policy/index.ts';
import type { Claim, NodesReport, Problem, RecipientStatus, Seat, SegmentTable } from '../../shared/protocol/messages.ts';
import { clock } from '../clock.ts';
import { epochMsOf, type WorkerEnv } from '../environment.ts';
import type { LinkHolder } from '../http/tokens.ts';
import { SPEED_WINDOW_EPOCHS } from '../node/speed-reports.ts';
import { admit, admitToOpen, checkStands, type Admitted } from './admission.ts';
import type { LinkRow } from './links.ts';
import type { Notes } from './notes.ts';
import { seatsAt, signSeatsNow } from './orders.ts';
import { servedByFormers } from './outlook.ts';
import { pacesOfNodes, type Measured } from './paces.ts';
import { checkReadable, checkReady, layoutOf, type TransferRow } from './record.ts';
import { nodesMet } from './refusals.ts';
import type { Keeper } from './seats.ts';
import { maskOf } from './segments.ts';
import type { TransferState } from './state.ts';
import { recipientStatusOf } from './status.ts';

export class Recipients {
  readonly #state: TransferState;
  readonly #env: WorkerEnv;
  readonly #notes: Notes;
  #measuredInEpoch = -Infinity;
  constructor(state: TransferState, env: WorkerEnv, notes: Notes) {
    this.#state = state;
    this.#env = env;
    this.#notes = notes;
  }

  /** @param claimId - of a download that is under way; undefined before there is one. */
  status(holder: LinkHolder, claimId: string | undefined): RecipientStatus {
    return recipientStatusOf(this.#state, admitToOpen(this.#state, holder, claimId).link, this.#env);
  }

  /** @param claimId - as for `status`. */
  readManifest(holder: LinkHolder, claimId: string | undefined): Uint8Array {
    this.#readable(holder, claimId);
    return this.#state.manifest.read();
  }

  /** @param claimId - as for `status`. */
  readSegments(holder: LinkHolder, from: number, claimId: string | undefined): SegmentTable {
    const { row } = this.#readable(holder, claimId);
    const { segmentCount } = layoutOf(row);
    if (row.state === 'uploading') return this.#state.segments.committedPage(from, segmentCount);
    return this.#state.segments.page(from, segmentCount, maskOf(this.#formersThatServe().map(({ shardIndex }) => shardIndex)));
  }

  async claim(holder: LinkHolder, claimId: string): Promise<Claim> {
    const { row, link } = this.#readable(holder, claimId);
    const leaseExpiresAtMs = this.#state.write(() => this.#state.claims.take(claimId, link, clock.nowMs()));
    const nodes = await this.#fetchSeats(
      row,
      this.#servers().filter(({ shards }) => shards > 0 || row.state === 'uploading'),
    );
    return { claimId, leaseExpiresAtMs, nodes };
  }

  /** @returns when the lease ends. */
  renew(holder: LinkHolder, claimId: string): number {
    const { link } = this.#readable(holder, claimId);
    return this.#state.write(() => this.#state.claims.renew(claimId, link, clock.nowMs()));
  }

  async fetchOrders(holder: LinkHolder, claimId: string, shardIndexes: readonly number[]): Promise<Seat[]> {
    const { row, link } = this.#readable(holder, claimId);
    const servers = seatsAt(this.#servers(), shardIndexes);
    this.#state.write(() => this.#state.claims.renew(claimId, link, clock.nowMs()));
    return this.#fetchSeats(row, servers);
  }

  commit(holder: LinkHolder, claimId: string, { problems, paces = [] }: NodesReport, source: string): RecipientStatus {
    const admitted = admit(this.#state, holder, claimId);
    const { row, link } = admitted;
    if (!this.#state.claims.isCommitted(link.linkId, claimId)) {
      checkIsReady(admitted);
      const met = this.#met(link, claimId, problems);
      const measured = pacesOfNodes(paces, this.#state.claims.startedAtMs(link.linkId, claimId) ?? 0, this.#state.seats.all(), this.#state.seats.formers());
      this.#state.write(() => {
        this.#state.claims.commit(claimId, link, clock.nowMs());
        this.#state.links.commit(link);
        this.#state.endIfUsedUp();
      });
      this.#notes.refusals(met, { transferId: row.transferId, source });
      if (measured.length > 0) this.#passOnPaces(row.transferId, source, measured);
    }
    return recipientStatusOf(this.#state, link, this.#env);
  }

  release(holder: LinkHolder, claimId: string, problems: readonly Problem[], source: string): RecipientStatus {
    const admitted = admit(this.#state, holder, claimId);
    const { row, link } = admitted;
    if (!this.#state.claims.isOver(link.linkId, claimId)) {
      this.#checkIsReadable(admitted);
      // Of a transfer that is uploading, what was not there may have been on its way.
      const met = row.state === 'ready' ? this.#met(link, claimId, problems) : [];
      this.#state.write(() => this.#state.claims.release(link.linkId, claimId));
      this.#notes.refusals(met, { transferId: row.transferId, source });
    }
    return recipientStatusOf(this.#state, link, this.#env);
  }

  /** @throws SendError when the transfer cannot be read (yet) with this link. */
  #readable(holder: LinkHolder, claimId?: string): Admitted {
    const admitted = admit(this.#state, holder, claimId);
    this.#checkIsReadable(admitted);
    return admitted;
  }

  /** @throws SendError `transfer_uploading` before there is a manifest, or the code of what is over. */
  #checkIsReadable(admitted: Admitted): void {
    checkStands(admitted);
    checkReadable(admitted.row, this.#state.manifest.exists());
  }

  /** Who serves each index: the node that has the seat, or while it is being filled the one that had it, where that has more. */
  #servers(): Keeper[] {
    const formers = new Map(this.#formersThatServe().map((former) => [former.shardIndex, former]));
    return this.#state.seats.all().map((seat) => formers.get(seat.shardIndex) ?? seat);
  }
  #formersThatServe(): Keeper[] {
    return servedByFormers(this.#state.seats.all(), this.#state.seats.formers(), epochAt(clock.nowMs(), epochMsOf(this.#env)));
  }

  #met({ linkId }: LinkRow, claimId: string, problems: readonly Problem[]): string[] {
    const sinceMs = this.#state.claims.startedAtMs(linkId, claimId);
    return sinceMs === null ? [] : nodesMet(problems, sinceMs, this.#state.seats.all(), this.#state.seats.formers());
  }

  /** Their objects count a transfer once a day: of one that many fetch, one client is heard. What is forgotten with this object is counted by them. */
  #passOnPaces(transferId: string, source: string, paces: Measured['paces']): void {
    const epoch = epochAt(clock.nowMs(), epochMsOf(this.#env));
    if (epoch - this.#measuredInEpoch < SPEED_WINDOW_EPOCHS) return;
    this.#measuredInEpoch = epoch;
    this.#notes.paces({ transferId, direction: 'fetched', source, paces });
  }

  #fetchSeats(row: TransferRow, keepers: readonly Keeper[]): Promise<Seat[]> {
    return signSeatsNow(keepers, row, { action: 'fetch', maxBytes: layoutOf(row).shardBytesPerNode }, this.#env);
  }
}

function checkIsReady(admitted: Admitted): void {
  checkStands(admitted);
  checkReady(admitted.row);
}
