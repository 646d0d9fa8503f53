/**
 * What a node signed for and its own inventory does not list. It counts against the node only where the transfer
 * confirms that it is still to be held: a deletion may be faster than the word of it.
 */
export const LOSSES_SCHEMA = `
CREATE TABLE IF NOT EXISTS losses (
  transferId TEXT PRIMARY KEY, heldShards INTEGER NOT NULL, lostBytes INTEGER NOT NULL, signedBytes INTEGER NOT NULL,
  heldAtMs INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0, isConfirmed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
`;

/** Transfers that are asked at once. */
const ASKED_AT_ONCE = 32;

export type LossRow = {
  transferId: string;
  /** Shards that the node does list. */
  heldShards: number;
  lostBytes: number;
  signedBytes: number;
  /** Of the holding that it is about: another one since then is another matter. */
  heldAtMs: number;
};

/** Writing methods expect to run inside their caller's transaction. */
export class Losses {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  suspect({ transferId, heldShards, lostBytes, signedBytes, heldAtMs }: LossRow): void {
    this.#sql.exec(
      'INSERT OR IGNORE INTO losses (transferId, heldShards, lostBytes, signedBytes, heldAtMs) VALUES (?, ?, ?, ?, ?)',
      transferId,
      heldShards,
      lostBytes,
      signedBytes,
      heldAtMs,
    );
  }

  /** Those that could not be asked come after the others. */
  unconfirmed(): LossRow[] {
    const rows = this.#sql.exec<LossRow>('SELECT transferId, heldShards, lostBytes, signedBytes, heldAtMs FROM losses WHERE isConfirmed = 0 ORDER BY tries LIMIT ?', ASKED_AT_ONCE);
    return rows.toArray();
  }

  failed(transferId: string): void {
    this.#sql.exec('UPDATE losses SET tries = tries + 1 WHERE transferId = ?', transferId);
  }

  /** @param weighedBytes - what of it is to be held against the node. */
  confirm(transferId: string, weighedBytes: number): void {
    this.#sql.exec('UPDATE losses SET isConfirmed = 1, lostBytes = ? WHERE transferId = ?', weighedBytes, transferId);
  }

  drop(transferId: string): void {
    this.#sql.exec('DELETE FROM losses WHERE transferId = ?', transferId);
  }

  /** Takes out what is confirmed, in bytes. */
  takeConfirmed(): { lostBytes: number; signedBytes: number } {
    const sums = this.#sql
      .exec<{ lostBytes: number; signedBytes: number }>(
        'SELECT coalesce(sum(lostBytes), 0) AS lostBytes, coalesce(sum(signedBytes), 0) AS signedBytes FROM losses WHERE isConfirmed = 1',
      )
      .one();
    this.#sql.exec('DELETE FROM losses WHERE isConfirmed = 1');
    return sums;
  }

  isEmpty(): boolean {
    return this.#sql.exec('SELECT 1 FROM losses LIMIT 1').toArray().length === 0;
  }
}
