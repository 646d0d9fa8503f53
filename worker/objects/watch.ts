/**
 * Watches over one sixteenth of the live transfers: how many losses each still survives, and whose turn it is to be
 * repaired, the most endangered first and so many at once. docs/protocol.md §10, hardening and repair.
 *
 * It knows what transfers say of themselves, and a turn is a lease: one whose transfer or rebuilder died is over by the
 * clock alone, and the transfer waits again among the others.
 */
import { DurableObject } from 'cloudflare:workers';
import { compareRepairs, epochAt, type RepairPlan, type RepairUrgency } from '../../shared/policy/index.ts';
import type { NetworkSummary } from '../../shared/protocol/node-status.ts';
import { clock } from '../clock.ts';
import { epochMsOf, type WorkerEnv } from '../environment.ts';
import { log, logFailure } from '../http/log.ts';
import { transferOf } from './named.ts';
import { hasTable } from './storage.ts';

/** Transfers of one watch that are repaired at the same time. */
const TURNS_AT_ONCE = 8;
/** How long a turn lasts that its transfer does not prolong by handing out jobs. */
const TURN_MS = 5 * 60_000;
/** After a transfer could not be reached. */
const UNREACHED_PAUSE_MS = 30_000;
/** What the census counts of repairs. */
const EPOCHS_A_DAY = 24;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS watched (
  transferId TEXT PRIMARY KEY, margin INTEGER NOT NULL, shards INTEGER NOT NULL, contentBytes INTEGER NOT NULL, expiresAtMs INTEGER NOT NULL,
  cause TEXT, wishMargin INTEGER, failureChance REAL, notBeforeMs INTEGER NOT NULL DEFAULT 0, turnUntilMs INTEGER NOT NULL DEFAULT 0,
  jobs INTEGER NOT NULL DEFAULT 0, repairedShards INTEGER NOT NULL DEFAULT 0, repairedBytes INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS wishes ON watched (turnUntilMs, notBeforeMs) WHERE cause IS NOT NULL;
CREATE TABLE IF NOT EXISTS repairs (epoch INTEGER PRIMARY KEY, jobs INTEGER NOT NULL, shards INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
`;

/** What a transfer says of itself: all of it every time, so that saying it again changes nothing. */
export interface WatchedTransfer {
  /** b64. */
  readonly transferId: string;
  /** Losses that its worst segment survives; below 0 it waits for nodes to return. */
  readonly margin: number;
  /** Shards that count. */
  readonly shards: number;
  readonly contentBytes: number;
  readonly expiresAtMs: number;
  /** Null: nothing is to be repaired. */
  readonly wish: RepairWish | null;
  /** What its repairs rebuilt since it began; hardening is none. */
  readonly repaired: RepairCounts;
}

export interface RepairWish extends RepairUrgency {
  /** Not to be tried again before. */
  readonly notBeforeMs: number;
  /** Until when it has its turn; 0 where it waits for one. */
  readonly turnUntilMs: number;
}

/** Jobs that stored anything, shards that they stored, bytes of those. */
export interface RepairCounts {
  readonly jobs: number;
  readonly shards: number;
  readonly bytes: number;
}

/** Of transfers that are ready and have not ended; repairs are those of the last 24 epochs. */
export interface Census {
  readonly live: number;
  /** Of content. */
  readonly bytes: number;
  readonly byMargin: NetworkSummary['transfers']['byMargin'];
  readonly repairs: RepairCounts;
}

type CountRow = { jobs: number; shards: number; bytes: number };
type WishRow = { transferId: string; cause: RepairPlan['cause']; wishMargin: number; failureChance: number };

export class WatchObject extends DurableObject<WorkerEnv> {
  readonly #sql = this.ctx.storage.sql;
  #hasTables = false;

  /** Takes in what a transfer says of itself. */
  async note(transfer: WatchedTransfer): Promise<void> {
    const nowMs = clock.nowMs();
    this.ctx.storage.transactionSync(() => {
      this.#createTables();
      this.#countRepairs(transfer.transferId, transfer.repaired, nowMs);
      const { transferId, margin, shards, contentBytes, expiresAtMs, wish, repaired } = transfer;
      this.#sql.exec(
        `INSERT OR REPLACE INTO watched (transferId, margin, shards, contentBytes, expiresAtMs, cause, wishMargin, failureChance, notBeforeMs, turnUntilMs,
           jobs, repairedShards, repairedBytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        transferId,
        margin,
        shards,
        contentBytes,
        expiresAtMs,
        wish?.cause ?? null,
        wish?.margin ?? null,
        wish?.failureChance ?? null,
        wish?.notBeforeMs ?? 0,
        wish?.turnUntilMs ?? 0,
        repaired.jobs,
        repaired.shards,
        repaired.bytes,
      );
    });
    this.#schedule();
  }

  /** The transfer has ended. Said again it changes nothing. */
  async forget(transferId: string, repaired: RepairCounts): Promise<void> {
    if (!this.#tables()) return;
    this.ctx.storage.transactionSync(() => {
      if (this.#sql.exec('SELECT 1 FROM watched WHERE transferId = ?', transferId).toArray().length === 0) return;
      this.#countRepairs(transferId, repaired, clock.nowMs());
      this.#sql.exec('DELETE FROM watched WHERE transferId = ?', transferId);
    });
    this.#schedule();
  }

  async census(): Promise<Census> {
    if (!this.#tables()) return { live: 0, bytes: 0, byMargin: [], repairs: { jobs: 0, shards: 0, bytes: 0 } };
    const nowMs = clock.nowMs();
    const { live, bytes } = this.#sql
      .exec<{ live: number; bytes: number }>('SELECT count(*) AS live, coalesce(sum(contentBytes), 0) AS bytes FROM watched WHERE expiresAtMs > ?', nowMs)
      .one();
    const byMargin = this.#sql
      .exec<{ margin: number; transfers: number; shards: number }>(
        'SELECT margin, count(*) AS transfers, sum(shards) AS shards FROM watched WHERE expiresAtMs > ? GROUP BY margin ORDER BY margin',
        nowMs,
      )
      .toArray();
    const repairs = this.#sql
      .exec<CountRow>(
        'SELECT coalesce(sum(jobs), 0) AS jobs, coalesce(sum(shards), 0) AS shards, coalesce(sum(bytes), 0) AS bytes FROM repairs WHERE epoch > ?',
        epochAt(nowMs, epochMsOf(this.env)) - EPOCHS_A_DAY,
      )
      .one();
    return { live, bytes, byMargin, repairs };
  }

  override async alarm(): Promise<void> {
    if (!this.#tables()) return;
    try {
      await Promise.all(this.#grantTurns().map((granted) => this.#tell(granted)));
    } catch (thrown) {
      logFailure('watch alarm', thrown); // turns that nobody was told of lapse
    }
    this.#schedule();
  }

  /** Inside one transaction, so that a crash leaves leases that lapse and never more turns than there may be. */
  #grantTurns(): { transferId: string; untilMs: number }[] {
    const nowMs = clock.nowMs();
    const untilMs = nowMs + TURN_MS;
    return this.ctx.storage.transactionSync(() => {
      this.#sql.exec('DELETE FROM repairs WHERE epoch <= ?', epochAt(nowMs, epochMsOf(this.env)) - EPOCHS_A_DAY);
      const { running } = this.#sql.exec<{ running: number }>('SELECT count(*) AS running FROM watched WHERE cause IS NOT NULL AND turnUntilMs > ?', nowMs).one();
      const waiting = this.#sql
        .exec<WishRow>(
          'SELECT transferId, cause, wishMargin, failureChance FROM watched WHERE cause IS NOT NULL AND turnUntilMs <= ? AND notBeforeMs <= ? AND expiresAtMs > ?',
          nowMs,
          nowMs,
          nowMs,
        )
        .toArray()
        .map(({ transferId, cause, wishMargin: margin, failureChance }) => ({ transferId, cause, margin, failureChance }));
      const granted = waiting.toSorted(compareRepairs).slice(0, Math.max(0, TURNS_AT_ONCE - running));
      for (const { transferId } of granted) this.#sql.exec('UPDATE watched SET turnUntilMs = ? WHERE transferId = ?', untilMs, transferId);
      if (waiting.length > 0) log({ event: 'repairs', running: running + granted.length, waiting: waiting.length - granted.length });
      return granted.map(({ transferId }) => ({ transferId, untilMs }));
    });
  }

  async #tell({ transferId, untilMs }: { transferId: string; untilMs: number }): Promise<void> {
    try {
      if (await transferOf(this.env, transferId).takeTurn(untilMs)) return;
      this.#sql.exec('UPDATE watched SET cause = NULL, turnUntilMs = 0 WHERE transferId = ? AND turnUntilMs = ?', transferId, untilMs);
    } catch (thrown) {
      logFailure('giving a turn', thrown);
      const againAtMs = clock.nowMs() + UNREACHED_PAUSE_MS;
      this.#sql.exec('UPDATE watched SET turnUntilMs = 0, notBeforeMs = ? WHERE transferId = ? AND turnUntilMs = ?', againAtMs, transferId, untilMs);
    }
  }

  /** Adds what was repaired since the transfer last spoke. */
  #countRepairs(transferId: string, { jobs, shards, bytes }: RepairCounts, nowMs: number): void {
    const known = this.#sql.exec<CountRow>('SELECT jobs, repairedShards AS shards, repairedBytes AS bytes FROM watched WHERE transferId = ?', transferId).toArray()[0];
    const before = known ?? { jobs: 0, shards: 0, bytes: 0 };
    if (jobs === before.jobs && shards === before.shards) return;
    this.#sql.exec(
      `INSERT INTO repairs (epoch, jobs, shards, bytes) VALUES (?, ?, ?, ?)
       ON CONFLICT (epoch) DO UPDATE SET jobs = jobs + excluded.jobs, shards = shards + excluded.shards, bytes = bytes + excluded.bytes`,
      epochAt(nowMs, epochMsOf(this.env)),
      jobs - before.jobs,
      shards - before.shards,
      bytes - before.bytes,
    );
  }

  /** Wakes when somebody waits and a turn is free, or becomes free, or may be tried again. */
  #schedule(): void {
    const nowMs = clock.nowMs();
    const { running, firstEndMs } = this.#sql
      .exec<{ running: number; firstEndMs: number | null }>(
        'SELECT count(*) AS running, min(turnUntilMs) AS firstEndMs FROM watched WHERE cause IS NOT NULL AND turnUntilMs > ?',
        nowMs,
      )
      .one();
    const { firstWaitMs } = this.#sql
      .exec<{ firstWaitMs: number | null }>('SELECT min(notBeforeMs) AS firstWaitMs FROM watched WHERE cause IS NOT NULL AND turnUntilMs <= ? AND expiresAtMs > ?', nowMs, nowMs)
      .one();
    // A turn that lapses puts its transfer among those that wait.
    const times = [firstEndMs, firstWaitMs !== null && running < TURNS_AT_ONCE ? Math.max(nowMs, firstWaitMs) : null].filter((atMs) => atMs !== null);
    if (times.length > 0) void this.ctx.storage.setAlarm(Math.min(...times));
  }

  #createTables(): void {
    if (this.#hasTables) return;
    this.#sql.exec(SCHEMA);
    this.#hasTables = true;
  }
  /** Whether anything was ever noted; asking writes nothing. */
  #tables(): boolean {
    this.#hasTables ||= hasTable(this.#sql, 'watched');
    return this.#hasTables;
  }
}
