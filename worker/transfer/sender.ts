/** What a sender does with its transfer: create, upload, complete, extend, revoke. docs/protocol.md §10. */
import { RANDOM_SEED_BYTES, chooseNodes, lossesSurvived, type GeoPoint } from '../../shared/policy/index.ts';
import { decodeB64, KEY_BYTES } from '../../shared/protocol/bytes.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { MAX_EXPIRES_IN_SECONDS, MAX_EXPIRY_CHANGES, MIN_EXPIRES_IN_SECONDS } from '../../shared/protocol/limits.ts';
import type { CommitSegments, NodesReport, OwnerStatus, Placement, PresenceWord, Seat, SegmentTable } from '../../shared/protocol/messages.ts';
import { clock } from '../clock.ts';
import { allowsSharedHosts, onlineForMsOf, type WorkerEnv } from '../environment.ts';
import { log } from '../http/log.ts';
import type { Owner } from '../http/tokens.ts';
import { readDirectory } from '../network/directory.ts';
import { isSameLink } from './links.ts';
import type { Notes } from './notes.ts';
import { THE_WATCH } from './outbox.ts';
import { seatsAt, signSeatsNow } from './orders.ts';
import { pacesOfNodes } from './paces.ts';
import { verifyReceipt } from './receipts.ts';
import { checkUploading, isEnded, isNewWord, isSameTransfer, layoutOf, type NewTransfer, type TransferRow } from './record.ts';
import { nodesMet } from './refusals.ts';
import type { SeatRow } from './seats.ts';
import { indexesOf } from './segments.ts';
import type { TransferState } from './state.ts';
import { ownerStatusOf } from './status.ts';
import { receiptCheckOf, storeShards } from './storing.ts';

/** u8 version, salt, tag, and less text than any sender pads to. */
const MIN_SEALED_MANIFEST_BYTES = 1 + KEY_BYTES + 16 + 256;
/** By so much may a wanted time miss the bounds: a request takes time, and clocks differ. */
const EXPIRY_TOLERANCE_MS = 60_000;

export class Sender {
  readonly #state: TransferState;
  readonly #env: WorkerEnv;
  readonly #notes: Notes;
  constructor(state: TransferState, env: WorkerEnv, notes: Notes) {
    this.#state = state;
    this.#env = env;
    this.#notes = notes;
  }

  async create(values: NewTransfer, sender: GeoPoint | null): Promise<Placement> {
    if (this.#state.settle() === null) {
      const directory = await readDirectory(this.#env);
      const seed = crypto.getRandomValues(new Uint8Array(RANDOM_SEED_BYTES));
      const terms = { nowMs: clock.nowMs(), onlineForMs: onlineForMsOf(this.#env), seed, allowSharedHosts: allowsSharedHosts(this.#env), sender };
      this.#state.begin(values, chooseNodes(directory.index, values.contentBytes, terms));
    }
    const row = this.#state.open({ role: 'owner', hash: values.ownerHash });
    const first = this.#state.links.find(values.link.linkId);
    if (!isSameTransfer(row, values) || first === null || !isSameLink(first, values.link)) throw new SendError('conflict', 'the transfer was created with other values');
    checkUploading(row);
    const { transferId, requiredShards, totalShards, safeShards, expiresAtMs } = row;
    const seats = this.#state.seats.all();
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
  }

  async storeOrders(owner: Owner, shardIndexes: readonly number[]): Promise<Seat[]> {
    const row = this.#state.open(owner);
    checkUploading(row);
    this.#state.write(() => this.#state.touch());
    return this.#storeSeats(row, seatsAt(this.#state.seats.all(), shardIndexes));
  }

  /** Whoever sends is at it, or pauses. Says nothing new once the transfer is ready, nor where a later word of it was heard before. */
  presence(owner: Owner, word: PresenceWord): null {
    const row = this.#state.open(owner);
    if (row.state === 'uploading' && isNewWord(row, word)) this.#state.write(() => this.#state.hear(word));
    return null;
  }

  /** Every segment that was entered, so that a sender that begins again learns what is known. */
  readSegments(owner: Owner, from: number): SegmentTable {
    return this.#state.segments.page(from, layoutOf(this.#state.open(owner)).segmentCount, 0);
  }

  /** @returns how many segments are committed in all. */
  async commitSegments(owner: Owner, { segments, receipts }: CommitSegments): Promise<number> {
    const before = this.#state.open(owner);
    const { segmentCount } = layoutOf(before);
    for (const { index, roots } of segments) {
      if (index >= segmentCount || decodeB64(roots).length !== before.totalShards * KEY_BYTES) throw new SendError('bad_request', 'a segment does not fit the transfer');
    }
    if (new Set(segments.map(({ index }) => index)).size !== segments.length) throw new SendError('bad_request', 'a segment stands twice');
    const entered = new Map(segments.map(({ index, roots }) => [index, decodeB64(roots)]));
    const check = receiptCheckOf(this.#state, before, (segment) => entered.get(segment));
    const stored = (await Promise.all(receipts.map((receipt) => verifyReceipt(receipt, check)))).flat();

    this.#state.open(owner); // time has passed: it may have ended meanwhile
    this.#state.write(() => {
      for (const segment of segments) for (const shardIndex of indexesOf(this.#state.segments.enter(segment))) this.#state.seats.discountShards(shardIndex, 1);
      storeShards(this.#state, before, stored, check);
      this.#state.touch();
    });
    return this.#state.row().committedSegments;
  }

  putManifest(owner: Owner, sealed: Uint8Array): null {
    const row = this.#state.open(owner);
    if (sealed.length < MIN_SEALED_MANIFEST_BYTES || sealed[0] !== 1) throw new SendError('bad_request', 'not a sealed manifest');
    if (row.state === 'ready') {
      if (!this.#state.manifest.equals(sealed)) throw new SendError('conflict', 'the transfer is complete');
      return null;
    }
    this.#state.write(() => {
      this.#state.manifest.write(sealed);
      this.#state.touch();
    });
    return null;
  }

  /** From here on the nodes' objects know what each holds, and what the safe set lacks is rebuilt. */
  complete(owner: Owner, { problems, paces = [] }: NodesReport, source: string): OwnerStatus {
    const row = this.#state.open(owner);
    if (row.state === 'uploading') {
      if (!this.#state.manifest.exists() || row.committedSegments < layoutOf(row).segmentCount) throw new SendError('incomplete');
      const nowMs = clock.nowMs();
      const seats = this.#state.seats.all();
      this.#state.write(() => {
        this.#state.sql.exec("UPDATE transfer SET state = 'ready', mending = 'hardening', rebuildAtMs = ?", nowMs);
        for (const { nodeId, shards } of seats) if (shards > 0) this.#state.outbox.announce(nodeId, nowMs);
        this.#state.outbox.announce(THE_WATCH, nowMs);
      });
      log({ event: 'transfer', change: 'ready' });
      const { transferId, createdAtMs } = row;
      this.#notes.refusals(nodesMet(problems, createdAtMs, seats, []), { transferId, source });
      this.#notes.paces({ transferId, direction: 'sent', source, paces: pacesOfNodes(paces, createdAtMs, seats, []) });
    }
    return ownerStatusOf(this.#state, this.#env);
  }

  /** Orders name the new time from now on; those who hold shards are asked to confirm it. Saying the same again changes nothing. */
  changeExpiry(owner: Owner, wantedMs: number): OwnerStatus {
    const row = this.#state.open(owner);
    const nowMs = clock.nowMs();
    const expiresAtMs = Math.min(Math.max(wantedMs, nowMs + 1000 * MIN_EXPIRES_IN_SECONDS), nowMs + 1000 * MAX_EXPIRES_IN_SECONDS);
    if (Math.abs(expiresAtMs - wantedMs) > EXPIRY_TOLERANCE_MS) throw new SendError('bad_request', 'a transfer lives 5 minutes to 30 days from now');
    if (expiresAtMs !== row.expiresAtMs) {
      if (this.#state.expiries.named().length > MAX_EXPIRY_CHANGES) throw new SendError('conflict', 'the expiry was changed too often');
      this.#state.write(() => {
        this.#state.sql.exec('UPDATE transfer SET expiresAtMs = ?', expiresAtMs);
        this.#state.expiries.name(expiresAtMs);
        this.#state.expiries.ask([...this.#state.seats.all(), ...this.#state.seats.formers()], row.expiresAtMs, nowMs);
        this.#state.outbox.recallAll(nowMs);
      });
      log({ event: 'transfer', change: 'expiry' });
    }
    return ownerStatusOf(this.#state, this.#env);
  }

  /** One that has ended stays as it ended. */
  revoke(owner: Owner): OwnerStatus {
    const row = this.#state.known(owner);
    if (!isEnded(row.state)) this.#state.write(() => this.#state.end('revoked'));
    return ownerStatusOf(this.#state, this.#env);
  }

  // A sender may have to send a shard twice, after a broken connection or when a segment is sealed again.
  #storeSeats(row: TransferRow, seats: readonly SeatRow[]): Promise<Seat[]> {
    return signSeatsNow(seats, row, { action: 'store', maxBytes: 2 * layoutOf(row).shardBytesPerNode }, this.#env);
  }
}
