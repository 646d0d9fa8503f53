/** What a node says of itself: at its registration, and with every heartbeat. */
import { KEY_BYTES, decodeB64 } from '../../shared/protocol/bytes.ts';
import type { Heartbeat, Registration } from '../../shared/protocol/messages.ts';

export const REGISTRATION_SCHEMA = `
CREATE TABLE IF NOT EXISTS node (
  one INTEGER PRIMARY KEY CHECK (one = 1), url TEXT NOT NULL, operator TEXT NOT NULL, network TEXT NOT NULL,
  latitude REAL, longitude REAL, version TEXT NOT NULL, capacityBytes INTEGER NOT NULL, freeBytes INTEGER NOT NULL,
  usedBytes INTEGER NOT NULL, registeredAtMs INTEGER NOT NULL, signedAtMs INTEGER NOT NULL, lastSeenMs INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS identity (one INTEGER PRIMARY KEY CHECK (one = 1), nodeId TEXT NOT NULL, viewHash BLOB) STRICT;
`;

export interface SignedBy {
  /** b64. */
  readonly nodeId: string;
  /** When the node signed the request. A request that is not newer than the last one is a repetition and changes nothing. */
  readonly atMs: number;
}

export type NodeRow = {
  url: string;
  operator: string;
  version: string;
  capacityBytes: number;
  freeBytes: number;
  registeredAtMs: number;
  lastSeenMs: number;
};

/** Writing methods expect to run inside their caller's transaction. */
export class RegistrationRow {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  read(): NodeRow {
    return this.#sql.exec<NodeRow>('SELECT url, operator, version, capacityBytes, freeBytes, registeredAtMs, lastSeenMs FROM node').one();
  }

  /** @returns false where the node has signed something later: nothing changes then. */
  register({ nodeId, atMs }: SignedBy, { url, operator, capacityBytes, freeBytes, version, region, viewHash }: Registration, network: string, nowMs: number): boolean {
    const changed = this.#sql.exec(
      `INSERT INTO node (one, url, operator, network, latitude, longitude, version, capacityBytes, freeBytes, usedBytes, registeredAtMs, signedAtMs, lastSeenMs)
       VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (one) DO UPDATE SET url = excluded.url, operator = excluded.operator, network = excluded.network, latitude = excluded.latitude,
         longitude = excluded.longitude, version = excluded.version, capacityBytes = excluded.capacityBytes, freeBytes = excluded.freeBytes,
         usedBytes = excluded.usedBytes, signedAtMs = excluded.signedAtMs, lastSeenMs = excluded.lastSeenMs
       WHERE excluded.signedAtMs >= node.signedAtMs`,
      url,
      operator,
      network,
      region?.latitude ?? null,
      region?.longitude ?? null,
      version,
      capacityBytes,
      freeBytes,
      Math.max(0, capacityBytes - freeBytes),
      nowMs,
      atMs,
      nowMs,
    );
    if (changed.rowsWritten === 0) return false;
    const hash = viewHash === undefined ? null : decodeB64(viewHash, KEY_BYTES).buffer;
    this.#sql.exec('INSERT OR REPLACE INTO identity (one, nodeId, viewHash) VALUES (1, ?, ?)', nodeId, hash);
    return true;
  }

  /** @returns false for a heartbeat that was there before. */
  beat(atMs: number, { freeBytes, usedBytes, version }: Heartbeat, nowMs: number): boolean {
    const changed = this.#sql.exec(
      'UPDATE node SET freeBytes = ?, usedBytes = ?, version = ?, signedAtMs = ?, lastSeenMs = ? WHERE signedAtMs < ?',
      freeBytes,
      usedBytes,
      version,
      atMs,
      nowMs,
      atMs,
    );
    return changed.rowsWritten > 0;
  }

  /** b64. The object's own id does not say it where an alarm rings. */
  nodeId(): string {
    return this.#sql.exec<{ nodeId: string }>('SELECT nodeId FROM identity').one().nodeId;
  }

  /** 32 bytes: what the token that reads the node's status hashes to; null where the node named none. */
  viewHash(): Uint8Array | null {
    const { viewHash } = this.#sql.exec<{ viewHash: ArrayBuffer | null }>('SELECT viewHash FROM identity').one();
    return viewHash === null ? null : new Uint8Array(viewHash);
  }
}
