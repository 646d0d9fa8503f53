/**
 * A transfer's storage and the rules of its life: what it is, who may ask, when it ends, when its object is to wake up.
 *
 * Every change is one transaction through `write`, which also sets the alarm that its outcome asks for. Between two
 * awaits nothing else runs: what must hold together is decided and written there.
 */
import type { Selection } from '../../shared/policy/index.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { ENDED_KEPT_MS } from '../../shared/protocol/limits.ts';
import type { PresenceWord } from '../../shared/protocol/messages.ts';
import { clock } from '../clock.ts';
import { log } from '../http/log.ts';
import type { Owner } from '../http/tokens.ts';
import { hasTable } from '../objects/storage.ts';
import { CLAIMS_SCHEMA, Claims } from './claims.ts';
import { DELETIONS_SCHEMA, Deletions } from './deletions.ts';
import { EXPIRIES_SCHEMA, Expiries } from './expiries.ts';
import { HANDOVERS_SCHEMA, Handovers } from './handovers.ts';
import { JOBS_SCHEMA, Jobs } from './jobs.ts';
import { LINKS_SCHEMA, Links } from './links.ts';
import { MANIFEST_SCHEMA, ManifestParts } from './manifest-parts.ts';
import { OUTBOX_SCHEMA, Outbox } from './outbox.ts';
import { RECORD_SCHEMA, checkAlive, checkOwner, endsAtMs, isEnded, type EndedState, type NewTransfer, type TransferRow } from './record.ts';
import { SEATS_SCHEMA, Seats } from './seats.ts';
import { SEGMENTS_SCHEMA, Segments } from './segments.ts';

const SCHEMA =
  RECORD_SCHEMA +
  LINKS_SCHEMA +
  SEATS_SCHEMA +
  SEGMENTS_SCHEMA +
  MANIFEST_SCHEMA +
  CLAIMS_SCHEMA +
  DELETIONS_SCHEMA +
  EXPIRIES_SCHEMA +
  JOBS_SCHEMA +
  HANDOVERS_SCHEMA +
  OUTBOX_SCHEMA;

export class TransferState {
  readonly sql: SqlStorage;
  readonly links: Links;
  readonly seats: Seats;
  readonly segments: Segments;
  readonly manifest: ManifestParts;
  readonly claims: Claims;
  readonly deletions: Deletions;
  readonly expiries: Expiries;
  readonly jobs: Jobs;
  readonly handovers: Handovers;
  readonly outbox: Outbox;
  readonly #storage: DurableObjectStorage;
  #hasTables = false;
  /** What the alarm is known to be set to. */
  #alarmAtMs: number | undefined;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.sql = storage.sql;
    this.links = new Links(this.sql);
    this.seats = new Seats(this.sql);
    this.segments = new Segments(this.sql);
    this.manifest = new ManifestParts(this.sql);
    this.claims = new Claims(this.sql);
    this.deletions = new Deletions(this.sql);
    this.expiries = new Expiries(this.sql);
    this.jobs = new Jobs(this.sql);
    this.handovers = new Handovers(this.sql);
    this.outbox = new Outbox(this.sql);
  }

  begin(values: NewTransfer, { nodes, requiredShards, totalShards, safeShards, relaxed }: Selection): void {
    if (this.load() !== null) return; // the same request came twice at once
    const nowMs = clock.nowMs();
    this.#storage.transactionSync(() => {
      this.sql.exec(SCHEMA);
      this.sql.exec(
        `INSERT INTO transfer (one, transferId, ownerHash, contentBytes, expiresInSeconds,
           requiredShards, totalShards, safeShards, relaxed, createdAtMs, expiresAtMs, touchedAtMs, state)
         VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'uploading')`,
        values.transferId,
        values.ownerHash,
        values.contentBytes,
        values.expiresInSeconds,
        requiredShards,
        totalShards,
        safeShards,
        JSON.stringify(relaxed),
        nowMs,
        nowMs + values.expiresInSeconds * 1000,
        nowMs,
      );
      this.expiries.name(nowMs + values.expiresInSeconds * 1000);
      this.links.add(values.link);
      for (const [shardIndex, node] of nodes.entries()) this.seats.give(shardIndex, node, nowMs);
    });
    this.#hasTables = true;
    this.schedule();
    log({ event: 'transfer', change: 'created' });
  }

  /** The row, or null where there is no transfer. Looking writes nothing. */
  load(): TransferRow | null {
    this.#hasTables ||= hasTable(this.sql, 'transfer');
    return this.#hasTables ? (this.sql.exec<TransferRow>('SELECT * FROM transfer').toArray()[0] ?? null) : null;
  }
  row(): TransferRow {
    const row = this.load();
    if (row === null) throw new Error('the transfer vanished in the middle of a call');
    return row;
  }

  /** The row after what the clock has decided meanwhile: a late or lost alarm changes nothing that anyone can see. */
  settle(): TransferRow | null {
    const row = this.load();
    if (row === null) return null;
    if (isEnded(row.state) || clock.nowMs() < endsAtMs(row)) {
      if (this.#alarmAtMs === undefined) this.schedule(); // the object woke up: should its alarm be lost, it is set again
      return row;
    }
    this.write(() => this.end('expired'));
    return this.load();
  }

  /** @throws SendError `transfer_unknown`, `wrong_owner`. */
  known(owner: Owner): TransferRow {
    const row = this.settle();
    if (row === null) throw new SendError('transfer_unknown');
    checkOwner(row, owner);
    return row;
  }
  /** @throws SendError like `known`, and the code of an ended state. */
  open(owner: Owner): TransferRow {
    const row = this.known(owner);
    checkAlive(row);
    return row;
  }

  /** Inside a transaction. From here on nothing is served any more: contents go at once, and every node is told. */
  end(state: EndedState): void {
    const nowMs = clock.nowMs();
    this.sql.exec('UPDATE transfer SET state = ?, endedAtMs = ?, rebuildAtMs = NULL, mending = NULL, wish = NULL, turnUntilMs = 0', state, nowMs);
    for (const keeper of [...this.seats.all(), ...this.seats.formers()]) this.deletions.add(keeper, nowMs);
    this.sql.exec('DELETE FROM segments; DELETE FROM manifest;');
    this.expiries.dropAll();
    this.links.clearEnvelopes();
    this.jobs.clear();
    this.handovers.clear();
    this.outbox.recallAll(nowMs);
    log({ event: 'transfer', change: state });
  }

  /** Inside a transaction. While links are left that open it, or none was ever used up, the transfer stays. */
  endIfUsedUp(): void {
    if (!isEnded(this.row().state) && this.links.areUsedUp()) this.end('used_up');
  }

  async forget(): Promise<void> {
    this.#hasTables = false;
    await this.#storage.deleteAlarm();
    await this.#storage.deleteAll();
  }

  /** One transaction, and the alarm that its outcome asks for. */
  write<T>(change: () => T): T {
    const outcome = this.#storage.transactionSync(change);
    this.schedule();
    return outcome;
  }

  schedule(): void {
    const row = this.row();
    const times = [
      row.endedAtMs === null ? endsAtMs(row) : row.endedAtMs + ENDED_KEPT_MS,
      row.state === 'ready' ? row.rebuildAtMs : null,
      this.deletions.nextAtMs(),
      this.expiries.nextAtMs(),
      this.claims.nextForgottenAtMs(),
      this.outbox.nextAtMs(),
    ].filter((atMs) => atMs !== null);
    this.wakeAt(Math.min(...times));
  }

  wakeAt(atMs: number): void {
    if (atMs === this.#alarmAtMs) return;
    this.#alarmAtMs = atMs;
    // Written together with the rows before it; what depends on it, depends on them too.
    void this.#storage.setAlarm(atMs);
  }
  /** The alarm has rung: nothing is set any more. */
  woke(): void {
    this.#alarmAtMs = undefined;
  }

  /** The sender gave a sign of life. One that paused goes on when it says so: what it asked for before may be heard after. Inside a transaction. */
  touch(): void {
    this.sql.exec('UPDATE transfer SET touchedAtMs = ?', clock.nowMs());
  }

  /** Inside a transaction. @param word - a new one, as `isNewWord` tells. */
  hear({ state, session, number }: PresenceWord): void {
    this.touch();
    this.sql.exec('UPDATE transfer SET presence = ?, wordNumber = ?', state, number);
    this.sql.exec('UPDATE transfer SET formerSession = session, session = ? WHERE session != ?', session, session);
  }
}
