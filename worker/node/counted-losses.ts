/**
 * Shards that audits found wrong and that have been weighed for it. The node drops what it finds damaged, and its next
 * inventory lacks it: the same loss, told twice, is weighed once.
 */
export const COUNTED_LOSSES_SCHEMA = `
CREATE TABLE IF NOT EXISTS countedLosses (
  transferId TEXT NOT NULL, segment INTEGER NOT NULL, epoch INTEGER NOT NULL, PRIMARY KEY (transferId, segment)
) STRICT, WITHOUT ROWID;
`;

/** Inventories come once an epoch; so long may a node be away in between. */
const KEPT_EPOCHS = 24;

/** Writing methods expect to run inside their caller's transaction. */
export class CountedLosses {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  note(transferId: string, segment: number, epoch: number): void {
    this.#sql.exec('DELETE FROM countedLosses WHERE epoch <= ?', epoch - KEPT_EPOCHS);
    this.#sql.exec('INSERT OR REPLACE INTO countedLosses (transferId, segment, epoch) VALUES (?, ?, ?)', transferId, segment, epoch);
  }

  /** Segments of a transfer whose shard is counted. */
  segmentsOf(transferId: string): number[] {
    const rows = this.#sql.exec<{ segment: number }>('SELECT segment FROM countedLosses WHERE transferId = ?', transferId);
    return [...rows].map(({ segment }) => segment);
  }

  /** The node holds nothing of the transfer any more: what it comes to hold hereafter are other shards. */
  forget(transferId: string): void {
    this.#sql.exec('DELETE FROM countedLosses WHERE transferId = ?', transferId);
  }
}
