/** One node: its registration, its last heartbeat, and what clients said they met there. */
import { DurableObject } from 'cloudflare:workers';
import { UNMEASURED } from '../../shared/policy/directory-node.ts';
import { SendError, type ErrorCode } from '../../shared/protocol/errors.ts';
import type { Heartbeat, Registration } from '../../shared/protocol/messages.ts';
import { clock } from '../clock.ts';
import type { WorkerEnv } from '../environment.ts';
import type { TransferHolding } from '../node/holdings.ts';
import type { SeatNews } from '../node/news.ts';
import { toResult, type Result } from '../result.ts';
import { DIRECTORY_NAME } from './directory.ts';

export interface SignedBy {
  /** b64. */
  readonly nodeId: string;
  /** When the node signed the request. A request that is not newer than the last one is a repetition and changes nothing. */
  readonly atMs: number;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS node (
  one INTEGER PRIMARY KEY CHECK (one = 1), url TEXT NOT NULL, operator TEXT NOT NULL, network TEXT NOT NULL,
  latitude REAL, longitude REAL, version TEXT NOT NULL, capacityBytes INTEGER NOT NULL, freeBytes INTEGER NOT NULL,
  usedBytes INTEGER NOT NULL, registeredAtMs INTEGER NOT NULL, signedAtMs INTEGER NOT NULL, lastSeenMs INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS problems (code TEXT PRIMARY KEY, count INTEGER NOT NULL, lastAtMs INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

/** A problem that a client or rebuilder met at the node. */
export interface Refusal {
  /** b64. */
  readonly transferId: string;
  /** Who says so, as far as sources can be told apart: a client's network, a rebuilder's operator; 1 to 128 characters. */
  readonly source: string;
}

/** How a mystery shopper fared. */
export interface VisitOutcome {
  /** The shopper's operator, another than the node's; 1 to 128 characters. */
  readonly shopper: string;
  readonly served: boolean;
}

export class NodeObject extends DurableObject<WorkerEnv> {
  #hasTables = false;

  /**
   * `too_many_requests` where the directory has no room. The caller has verified that the node answers at its address.
   *
   * @param network - where its address stands, see `networkOf`.
   */
  register(by: SignedBy, registration: Registration, network: string): Promise<Result<null>> {
    return toResult(() => this.#register(by, registration, network));
  }

  /** `not_found` for a node that has to register first. */
  async heartbeat(by: SignedBy, beat: Heartbeat): Promise<Result<null>> {
    return toResult(async () => {
      if (!this.#tables()) throw new SendError('not_found');
      const nowMs = clock.nowMs();
      const { sql } = this.ctx.storage;
      const changed = sql.exec(
        'UPDATE node SET freeBytes = ?, usedBytes = ?, version = ?, signedAtMs = ?, lastSeenMs = ? WHERE signedAtMs < ?',
        beat.freeBytes,
        beat.usedBytes,
        beat.version,
        by.atMs,
        nowMs,
        by.atMs,
      );
      if (changed.rowsWritten > 0 && !(await this.#directory().hear({ nodeId: by.nodeId, freeBytes: beat.freeBytes, atMs: nowMs }))) throw new SendError('not_found');
      return null;
    });
  }

  /** Counts what clients met at this node. Hints, not proof: no client ruins a node alone. */
  async noteProblems(codes: readonly ErrorCode[]): Promise<void> {
    if (!this.#tables()) return;
    const nowMs = clock.nowMs();
    this.ctx.storage.transactionSync(() => {
      for (const code of codes)
        this.ctx.storage.sql.exec(
          'INSERT INTO problems (code, count, lastAtMs) VALUES (?, 1, ?) ON CONFLICT (code) DO UPDATE SET count = count + 1, lastAtMs = excluded.lastAtMs',
          code,
          nowMs,
        );
    });
  }

  /** The node has signed for exactly this much of a transfer: replaces what was known of that. A node that never registered counts as disqualified. */
  async hold(_holding: TransferHolding): Promise<SeatNews> {
    return { standing: 'unvetted', owedSinceEpoch: null, generation: 0 };
  }

  /** The node is to hold nothing of the transfer any more. */
  async letGo(_transferId: string): Promise<void> {}

  async noteRefusal(_refusal: Refusal): Promise<void> {}

  async noteVisit(_visit: VisitOutcome): Promise<void> {}

  async #register(by: SignedBy, registration: Registration, network: string): Promise<null> {
    const wasKnown = this.#tables();
    const nowMs = clock.nowMs();
    const { url, operator, capacityBytes, freeBytes, version, region } = registration;
    const { sql } = this.ctx.storage;
    const fresh = this.ctx.storage.transactionSync(() => {
      sql.exec(SCHEMA);
      this.#hasTables = true;
      const changed = sql.exec(
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
        by.atMs,
        nowMs,
      );
      return changed.rowsWritten > 0;
    });
    if (!fresh) return null;
    const answer = await this.#directory().register({ ...UNMEASURED, nodeId: by.nodeId, url, operator, network, capacityBytes, freeBytes, lastSeenMs: nowMs });
    if (answer.ok) return null;
    // Keys cost nothing: one that was refused leaves nothing behind.
    if (!wasKnown) {
      this.#hasTables = false;
      await this.ctx.storage.deleteAll();
    }
    throw new SendError(answer.code, answer.message);
  }

  #directory() {
    return this.env.DIRECTORY.get(this.env.DIRECTORY.idFromName(DIRECTORY_NAME));
  }

  /** Whether the node ever registered; asking writes nothing. */
  #tables(): boolean {
    this.#hasTables ||= this.ctx.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'node'").toArray().length > 0;
    return this.#hasTables;
  }
}
