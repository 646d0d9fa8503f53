/** An account's vault as the coordinator has it: boxes that it cannot open, and the revision that wrote each. docs/protocol.md §14. */
import { decodeB64, encodeB64 } from '../../shared/protocol/bytes.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import type { VaultPage, VaultWrite } from '../../shared/protocol/account.ts';
import { MAX_ENTRIES_PER_VAULT_PAGE, MAX_VAULT_BYTES, MAX_VAULT_ENTRIES, VAULT_PAGE_BYTES } from '../../shared/protocol/limits.ts';
import { hasTable } from '../objects/storage.ts';

/** An entry without a box was removed: its name stays, for machines that still have it. */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS vault (one INTEGER PRIMARY KEY CHECK (one = 1), revision INTEGER NOT NULL, head BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS entries (name BLOB PRIMARY KEY, revision INTEGER NOT NULL, box BLOB) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS byRevision ON entries (revision, name);
`;

export interface VaultCursor {
  readonly since: number;
  /** Entries of revision `since` behind this hidden name are wanted as well; null for none of that revision. */
  readonly after: Uint8Array<ArrayBuffer> | null;
}

type EntryRow = { name: ArrayBuffer; revision: number; box: ArrayBuffer | null };

export class VaultKeeper {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
  }

  read({ since, after }: VaultCursor): VaultPage {
    const { revision, head } = this.#state();
    if (head === null) return { revision, head, entries: [], more: false };
    const entries: VaultPage['entries'] = [];
    let bytes = 0;
    for (const row of this.#from(since, after)) {
      bytes += row.box?.byteLength ?? 0;
      if (entries.length === MAX_ENTRIES_PER_VAULT_PAGE || (entries.length > 0 && bytes > VAULT_PAGE_BYTES)) return { revision, head, entries, more: true };
      entries.push({ name: text(row.name), revision: row.revision, box: row.box && text(row.box) });
    }
    return { revision, head, entries, more: false };
  }

  /** @returns the revision that it became. @throws SendError `vault_moved`, `vault_full`; nothing was changed then. */
  write({ base, entries, head }: VaultWrite): number {
    return this.#storage.transactionSync(() => {
      this.#sql.exec(SCHEMA);
      if (this.#state().revision !== base) throw new SendError('vault_moved');
      const revision = base + 1;
      for (const { name, box } of entries)
        this.#sql.exec('INSERT OR REPLACE INTO entries (name, revision, box) VALUES (?, ?, ?)', decodeB64(name), revision, box && decodeB64(box));
      const { count, bytes } = this.#sql.exec<{ count: number; bytes: number }>('SELECT count(box) AS count, coalesce(sum(length(box)), 0) AS bytes FROM entries').one();
      if (count > MAX_VAULT_ENTRIES || bytes > MAX_VAULT_BYTES) throw new SendError('vault_full');
      this.#sql.exec('INSERT OR REPLACE INTO vault (one, revision, head) VALUES (1, ?, ?)', revision, decodeB64(head));
      return revision;
    });
  }

  #state(): { revision: number; head: string | null } {
    if (!hasTable(this.#sql, 'vault')) return { revision: 0, head: null };
    const row = this.#sql.exec<{ revision: number; head: ArrayBuffer }>('SELECT revision, head FROM vault').toArray()[0];
    return row ? { revision: row.revision, head: text(row.head) } : { revision: 0, head: null };
  }

  #from(since: number, after: Uint8Array<ArrayBuffer> | null): Iterable<EntryRow> {
    const limit = MAX_ENTRIES_PER_VAULT_PAGE + 1;
    return after === null
      ? this.#sql.exec<EntryRow>('SELECT name, revision, box FROM entries WHERE revision > ? ORDER BY revision, name LIMIT ?', since, limit)
      : this.#sql.exec<EntryRow>('SELECT name, revision, box FROM entries WHERE (revision, name) > (?, ?) ORDER BY revision, name LIMIT ?', since, after, limit);
  }
}

const text = (bytes: ArrayBuffer): string => encodeB64(new Uint8Array(bytes));
