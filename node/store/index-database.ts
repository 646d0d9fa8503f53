/** The database of a node's index: its tables, how older ones become these, and who may have it open. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError } from '../config-error.ts';

const SCHEMA_VERSION = 3;
const SCHEMA = `
CREATE TABLE shards (
  transfer BLOB NOT NULL, segment INTEGER NOT NULL, shard_index INTEGER NOT NULL, shard_bytes INTEGER NOT NULL, root BLOB NOT NULL,
  expires_at_ms INTEGER NOT NULL, stored_at_ms INTEGER NOT NULL, committed INTEGER NOT NULL, ordered_at_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (transfer, segment)
) STRICT, WITHOUT ROWID;
CREATE INDEX shards_by_expiry ON shards (expires_at_ms);
CREATE TABLE serials (serial BLOB PRIMARY KEY, kept_until_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX serials_by_time ON serials (kept_until_ms);
CREATE TABLE tombstones (
  transfer BLOB PRIMARY KEY, deleted_at_ms INTEGER NOT NULL, shards INTEGER NOT NULL, bytes INTEGER NOT NULL, kept_until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE terms (
  transfer BLOB PRIMARY KEY, expires_at_ms INTEGER NOT NULL, ordered_at_ms INTEGER NOT NULL, kept_until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE state (only INTEGER PRIMARY KEY CHECK (only = 1), orders_from_ms INTEGER NOT NULL, complete INTEGER NOT NULL) STRICT;
INSERT INTO state VALUES (1, 0, 0);
PRAGMA user_version = ${SCHEMA_VERSION};
`;
/** From version 2. */
const MIGRATION = `ALTER TABLE shards ADD COLUMN ordered_at_ms INTEGER NOT NULL DEFAULT 0; PRAGMA user_version = ${SCHEMA_VERSION};`;
const SQLITE_BUSY = 5;

export const indexFileIn = (directory: string): string => path.join(directory, 'index.db');

export interface OpenedDatabase {
  readonly db: DatabaseSync;
  /** It was made now, or never said to be complete. */
  readonly fresh: boolean;
}

/** Makes an empty one in place of one that is lost or damaged. @throws ConfigError when another process has it open, or none can be made. */
export async function openIndexDatabase(directory: string): Promise<OpenedDatabase> {
  const file = indexFileIn(directory);
  let opened = openDatabase(file);
  if (opened === null) {
    for (const part of ['', '-wal', '-shm', '-journal']) await rm(file + part, { force: true });
    opened = openDatabase(file);
  }
  if (opened === null) throw new ConfigError(`${file} cannot be made. Is the folder writable?`);
  return opened;
}

/** @returns null when what lies there is no index of ours. */
function openDatabase(file: string): OpenedDatabase | null {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(file);
    // The lock is what keeps a second process out of this folder; it ends with this process, however that ends.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE; COMMIT;');
    if (db.prepare('PRAGMA user_version').get()!['user_version'] === SCHEMA_VERSION - 1) db.exec(`BEGIN; ${MIGRATION} COMMIT;`);
    const version = db.prepare('PRAGMA user_version').get()!['user_version'];
    if (version === 0) {
      db.exec(`BEGIN; ${SCHEMA} COMMIT;`);
      return { db, fresh: true };
    }
    const sound = db.prepare('PRAGMA quick_check').get()!['quick_check'] === 'ok';
    if (version === SCHEMA_VERSION && sound) {
      db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`); // a write, so that the log exists
      return { db, fresh: db.prepare('SELECT complete FROM state').get()!['complete'] === 0 };
    }
    db.close();
    return null;
  } catch (thrown) {
    if (db?.isOpen) db.close();
    if (thrown instanceof Error && 'errcode' in thrown) {
      if (thrown.errcode === SQLITE_BUSY) throw new ConfigError(`${path.dirname(file)} is in use by another node`, { cause: thrown });
      return null;
    }
    throw thrown;
  }
}
