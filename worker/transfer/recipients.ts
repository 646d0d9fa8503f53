/** What recipients do: read, claim, fetch, commit. docs/protocol.md §10, claims. */
import { epochAt } from '../../shared/policy/index.ts';
import type { Claim, NodesReport, Problem, Seat, SegmentTable, Status } from '../../shared/protocol/messages.ts';
import { clock } from '../clock.ts';
import { epochMsOf, type WorkerEnv } from '../environment.ts';
import type { Holder } from '../http/tokens.ts';
import { SPEED_WINDOW_EPOCHS } from '../node/speed-reports.ts';
import type { Notes } from './notes.ts';
import { seatsAt, signSeatsNow } from './orders.ts';
import { servedByFormers } from './outlook.ts';
import { pacesOfNodes, type Measured } from './paces.ts';
import { checkReadable, checkReady, layoutOf, type TransferRow } from './record.ts';
import { nodesMet } from './refusals.ts';
import type { Keeper } from './seats.ts';
import { maskOf } from './segments.ts';
import type { TransferState } from './state.ts';
import { statusOf } from './status.ts';

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

  readManifest(holder: Holder): Uint8Array {
    this.#readable(holder);
    return this.#state.manifest.read();
  }

  readSegments(holder: Holder, from: number): SegmentTable {
    const row = this.#readable(holder);
    const { segmentCount } = layoutOf(row);
    if (row.state === 'uploading') return this.#state.segments.committedPage(from, segmentCount);
    return this.#state.segments.page(from, segmentCount, maskOf(this.#formersThatServe().map(({ shardIndex }) => shardIndex)));
  }

  async claim(holder: Holder, claimId: string): Promise<Claim> {
    const row = this.#readable(holder);
    const leaseExpiresAtMs = this.#state.write(() => this.#state.claims.take(claimId, row, clock.nowMs()));
    const nodes = await this.#fetchSeats(
      row,
      this.#servers().filter(({ shards }) => shards > 0 || row.state === 'uploading'),
    );
    return { claimId, leaseExpiresAtMs, nodes };
  }

  /** @returns when the lease ends. */
  renew(holder: Holder, claimId: string): number {
    const row = this.#readable(holder);
    return this.#state.write(() => this.#state.claims.renew(claimId, row, clock.nowMs()));
  }

  async fetchOrders(holder: Holder, claimId: string, shardIndexes: readonly number[]): Promise<Seat[]> {
    const row = this.#readable(holder);
    const servers = seatsAt(this.#servers(), shardIndexes);
    this.#state.write(() => this.#state.claims.renew(claimId, row, clock.nowMs()));
    return this.#fetchSeats(row, servers);
  }

  commit(holder: Holder, claimId: string, { problems, paces = [] }: NodesReport, source: string): Status {
    const row = this.#state.known(holder);
    if (!this.#state.claims.isCommitted(claimId)) {
      checkReady(row);
      const met = this.#met(claimId, problems);
      const measured = pacesOfNodes(paces, this.#state.claims.startedAtMs(claimId) ?? 0, this.#state.seats.all(), this.#state.seats.formers());
      this.#state.write(() => {
        this.#state.claims.commit(claimId, row, clock.nowMs());
        this.#state.sql.exec('UPDATE transfer SET committedDownloads = committedDownloads + 1');
        if (row.downloadLimit !== null && row.committedDownloads + 1 >= row.downloadLimit) this.#state.end('used_up');
      });
      this.#notes.refusals(met, { transferId: row.transferId, source });
      if (measured.length > 0) this.#passOnPaces(row.transferId, source, measured);
    }
    return statusOf(this.#state, this.#env);
  }

  release(holder: Holder, claimId: string, problems: readonly Problem[], source: string): Status {
    const row = this.#state.known(holder);
    if (!this.#state.claims.isOver(claimId)) {
      checkReadable(row, this.#state.manifest.exists());
      // Of a transfer that is uploading, what was not there may have been on its way.
      const met = row.state === 'ready' ? this.#met(claimId, problems) : [];
      this.#state.write(() => this.#state.claims.release(claimId));
      this.#notes.refusals(met, { transferId: row.transferId, source });
    }
    return statusOf(this.#state, this.#env);
  }

  /** @throws SendError when the transfer cannot be read (yet). */
  #readable(holder: Holder): TransferRow {
    const row = this.#state.open(holder);
    checkReadable(row, this.#state.manifest.exists());
    return row;
  }

  /** Who serves each index: the node that has the seat, or while it is being filled the one that had it, where that has more. */
  #servers(): Keeper[] {
    const formers = new Map(this.#formersThatServe().map((former) => [former.shardIndex, former]));
    return this.#state.seats.all().map((seat) => formers.get(seat.shardIndex) ?? seat);
  }
  #formersThatServe(): Keeper[] {
    return servedByFormers(this.#state.seats.all(), this.#state.seats.formers(), epochAt(clock.nowMs(), epochMsOf(this.#env)));
  }

  #met(claimId: string, problems: readonly Problem[]): string[] {
    const sinceMs = this.#state.claims.startedAtMs(claimId);
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
