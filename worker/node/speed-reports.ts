/**
 * Which words on a node's speed count. They are a client's own, and nothing proves them: a sender may have sent nothing
 * over the line that it speaks of. So each source counts once a day, and each transfer once as sent and once as fetched;
 * the policy moves a node by a sixteenth of the way towards each word (`recordSpeed`) and tells no speed before eight; and
 * a speed changes nothing but how often a node is preferred to another, by √2 either way at most (`qualityOf`), and never
 * its standing. Who lies every day from one network is one of the day's voices, and the others pull the node back.
 */

/** For so long a source, and an occasion, has had its say. */
export const SPEED_WINDOW_EPOCHS = 24;
/** Reports that are remembered. A node that got more in a day has so many voices that one which comes back is little among them. */
const MAX_REMEMBERED = 512;

export const SPEED_REPORTS_SCHEMA = `
CREATE TABLE IF NOT EXISTS speedReports (
  entry INTEGER PRIMARY KEY AUTOINCREMENT, epoch INTEGER NOT NULL, source TEXT NOT NULL, occasion TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS speedReportsBySource ON speedReports (source);
CREATE INDEX IF NOT EXISTS speedReportsByOccasion ON speedReports (occasion);
`;

export interface SpeedReport {
  readonly epoch: number;
  /** Who says so, as sources can be told apart: a client's network. */
  readonly source: string;
  /** The transfer, and whether it was sent or fetched. */
  readonly occasion: string;
}

/** Writing methods expect to run inside their caller's transaction. */
export class SpeedReports {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Takes a report in. @returns whether it counts: false where its source or its occasion has had its say. */
  admit({ epoch, source, occasion }: SpeedReport): boolean {
    this.#sql.exec('DELETE FROM speedReports WHERE epoch <= ?', epoch - SPEED_WINDOW_EPOCHS);
    if (this.#sql.exec('SELECT 1 FROM speedReports WHERE source = ? OR occasion = ? LIMIT 1', source, occasion).toArray().length > 0) return false;
    this.#sql.exec('INSERT INTO speedReports (epoch, source, occasion) VALUES (?, ?, ?)', epoch, source, occasion);
    this.#sql.exec('DELETE FROM speedReports WHERE entry <= (SELECT max(entry) FROM speedReports) - ?', MAX_REMEMBERED);
    return true;
  }
}
