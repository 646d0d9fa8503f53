/** Who holds which shard index of a transfer, who held it before, and how it went with them. docs/protocol.md §4, §10. */
import type { DirectoryNode, Standing } from '../../shared/policy/index.ts';
import type { SeatNews } from '../node/news.ts';
import { WORK_PAUSES, pauseMs } from './pauses.ts';

const KEEPER_COLUMNS = `
  shardIndex INTEGER PRIMARY KEY, nodeId TEXT NOT NULL, url TEXT NOT NULL, operator TEXT NOT NULL, network TEXT NOT NULL,
  shards INTEGER NOT NULL DEFAULT 0, standing TEXT NOT NULL DEFAULT 'unvetted', owedSinceEpoch INTEGER, generation INTEGER NOT NULL DEFAULT -1`;

export const SEATS_SCHEMA = `
CREATE TABLE seats (${KEEPER_COLUMNS},
  changedAtMs INTEGER NOT NULL, lostAtMs INTEGER NOT NULL DEFAULT 0,
  targetFailures INTEGER NOT NULL DEFAULT 0, targetFromMs INTEGER NOT NULL DEFAULT 0,
  rebuilderFailures INTEGER NOT NULL DEFAULT 0, rebuilderFromMs INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE formers (${KEEPER_COLUMNS}) STRICT;
`;

/** A node with shards of one index: it has the seat, or had it until its successor has them all. */
export type Keeper = {
  shardIndex: number;
  /** b64. */
  nodeId: string;
  /** Where the node was when the seat was given; the directory may know better. */
  url: string;
  operator: string;
  network: string;
  /** Receipts that are in from this node and count. */
  shards: number;
  /** What the node's object last said of it. */
  standing: Standing;
  owedSinceEpoch: number | null;
  generation: number;
};

export type SeatRow = Keeper & {
  /** When it was last decided who serves this index. */
  changedAtMs: number;
  /** When shards were last found missing: receipts from before prove nothing. */
  lostAtMs: number;
  /** How often in a row it failed to take a rebuilt shard, and when it may be asked again. */
  targetFailures: number;
  targetFromMs: number;
  /** The same for rebuilding. */
  rebuilderFailures: number;
  rebuilderFromMs: number;
};

export type SeatDuty = 'target' | 'rebuilder';

/** Writing methods expect to run inside their caller's transaction. */
export class Seats {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  all(): SeatRow[] {
    return this.#sql.exec<SeatRow>('SELECT * FROM seats ORDER BY shardIndex').toArray();
  }
  /** Who had a seat that is not filled yet; at most one a seat. */
  formers(): Keeper[] {
    return this.#sql.exec<Keeper>('SELECT * FROM formers ORDER BY shardIndex').toArray();
  }

  /** Gives a seat to a node; whoever had it has it no more. */
  give(shardIndex: number, { nodeId, url, operator, network, standing }: DirectoryNode, nowMs: number): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO seats (shardIndex, nodeId, url, operator, network, standing, changedAtMs) VALUES (?, ?, ?, ?, ?, ?, ?)',
      shardIndex,
      nodeId,
      url,
      operator,
      network,
      standing,
      nowMs,
    );
  }
  /** Keeps the holder of a seat that is about to be given away. */
  retire(shardIndex: number): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO formers (shardIndex, nodeId, url, operator, network, shards, standing, owedSinceEpoch, generation)
       SELECT shardIndex, nodeId, url, operator, network, shards, standing, owedSinceEpoch, generation FROM seats WHERE shardIndex = ?`,
      shardIndex,
    );
  }
  dropFormer(shardIndex: number, nowMs: number): void {
    this.#sql.exec('DELETE FROM formers WHERE shardIndex = ?', shardIndex);
    this.#sql.exec('UPDATE seats SET changedAtMs = ? WHERE shardIndex = ?', nowMs, shardIndex);
  }

  countShards(shardIndex: number, added: number): void {
    this.#sql.exec('UPDATE seats SET shards = shards + ?, targetFailures = 0, targetFromMs = 0 WHERE shardIndex = ?', added, shardIndex);
  }
  /** A segment was sealed again: its old shards count no more. */
  discountShards(shardIndex: number, removed: number): void {
    this.#sql.exec('UPDATE seats SET shards = shards - ? WHERE shardIndex = ?', removed, shardIndex);
  }
  /** Nothing that the holder signed so far counts any more. */
  lose(shardIndex: number, nowMs: number): void {
    this.#sql.exec('UPDATE seats SET shards = 0, lostAtMs = ?, changedAtMs = ? WHERE shardIndex = ?', nowMs, nowMs, shardIndex);
  }

  /** @returns whether anything that was known of the node is different now; news that crossed later ones changes nothing. */
  learn(nodeId: string, { standing, owedSinceEpoch, generation }: SeatNews): boolean {
    let changed = false;
    for (const table of ['seats', 'formers']) {
      const known = this.#sql.exec<Keeper>(`SELECT * FROM ${table} WHERE nodeId = ? AND generation < ?`, nodeId, generation).toArray()[0];
      if (known === undefined) continue;
      changed ||= known.standing !== standing || known.owedSinceEpoch !== owedSinceEpoch;
      this.#sql.exec(`UPDATE ${table} SET standing = ?, owedSinceEpoch = ?, generation = ? WHERE nodeId = ?`, standing, owedSinceEpoch, generation, nodeId);
    }
    return changed;
  }

  fail({ shardIndex, targetFailures, rebuilderFailures }: SeatRow, duty: SeatDuty, nowMs: number): void {
    if (duty === 'target')
      this.#sql.exec('UPDATE seats SET targetFailures = targetFailures + 1, targetFromMs = ? WHERE shardIndex = ?', nowMs + pauseMs(targetFailures, WORK_PAUSES), shardIndex);
    else
      this.#sql.exec(
        'UPDATE seats SET rebuilderFailures = rebuilderFailures + 1, rebuilderFromMs = ? WHERE shardIndex = ?',
        nowMs + pauseMs(rebuilderFailures, WORK_PAUSES),
        shardIndex,
      );
  }

  succeedAsRebuilder(shardIndex: number): void {
    this.#sql.exec('UPDATE seats SET rebuilderFailures = 0, rebuilderFromMs = 0 WHERE shardIndex = ?', shardIndex);
  }
}

/** What was met at a seat that no pause cures soon: its node is to be replaced. */
export const HOPELESS_FAILURES = 3;
