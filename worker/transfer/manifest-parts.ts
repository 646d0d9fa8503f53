/** The sealed manifest, in rows that a Durable Object can hold. docs/protocol.md §5. */
import { concatBytes, equalBytes } from '../../shared/protocol/bytes.ts';
import { MIB } from '../../shared/protocol/limits.ts';

const PART_BYTES = MIB;

export const MANIFEST_SCHEMA = 'CREATE TABLE manifest (part INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;';

/** Writing methods expect to run inside their caller's transaction. */
export class ManifestParts {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  exists(): boolean {
    return this.#sql.exec('SELECT 1 FROM manifest LIMIT 1').toArray().length > 0;
  }
  /** @returns the sealed manifest; empty when there is none. */
  read(): Uint8Array<ArrayBuffer> {
    const rows = this.#sql.exec<{ bytes: ArrayBuffer }>('SELECT bytes FROM manifest ORDER BY part').toArray();
    return concatBytes(...rows.map(({ bytes }) => new Uint8Array(bytes)));
  }
  equals(sealed: Uint8Array): boolean {
    return equalBytes(this.read(), sealed);
  }
  write(sealed: Uint8Array): void {
    this.#sql.exec('DELETE FROM manifest');
    for (let part = 0; part * PART_BYTES < sealed.length; part++)
      this.#sql.exec('INSERT INTO manifest (part, bytes) VALUES (?, ?)', part, sealed.slice(part * PART_BYTES, (part + 1) * PART_BYTES).buffer);
  }
}
