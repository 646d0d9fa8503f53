/**
 * The nodes that there are, in one object: who they are, where, how much is free, when they were last heard. It answers
 * with a snapshot of all; choosing among them is shared/policy's.
 *
 * Heartbeats live in memory and are written once a minute, or often enough that no node seems offline after a restart:
 * what a crash loses of them comes again with the next ones.
 */
import { DurableObject } from 'cloudflare:workers';
import { UNMEASURED, type DirectoryNode } from '../../shared/policy/directory-node.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { clock } from '../clock.ts';
import { allowsSharedHosts, onlineForMsOf, type WorkerEnv } from '../environment.ts';
import { toResult, type Result } from '../result.ts';

const WRITE_EVERY_MS = 60_000;
/** Of the time after which a silent node counts as offline. */
const WRITE_EVERY_PART = 1 / 3;
/** A node that was not heard for so long is forgotten. */
const FORGOTTEN_AFTER_MS = 30 * 24 * 3600_000;
/** A snapshot of so many still fits what one object may answer and one isolate may hold. */
export const MAX_DIRECTORY_NODES = 20_000;
/** So that whoever holds one network's addresses cannot fill the directory. */
export const MAX_NODES_PER_NETWORK = 16;
/** There is one. */
export const DIRECTORY_NAME = 'directory';

export interface Heard {
  readonly nodeId: string;
  readonly freeBytes: number;
  readonly atMs: number;
}

/** The row's columns are those of the node's fields that it says itself. */
type NodeRow = { -readonly [Field in keyof Omit<DirectoryNode, keyof typeof UNMEASURED>]: DirectoryNode[Field] };

interface Entry {
  node: DirectoryNode;
  writtenAtMs: number;
}

export class DirectoryObject extends DurableObject<WorkerEnv> {
  #entries: Map<string, Entry> | undefined;

  async snapshot(): Promise<DirectoryNode[]> {
    return [...this.#current().values()].map(({ node }) => node);
  }

  /** Adds a node or replaces what was known of it; `too_many_requests` where there is no room for it. */
  register(node: DirectoryNode): Promise<Result<null>> {
    return toResult(() => {
      this.#checkRoom(node);
      this.#enter(node);
      return null;
    });
  }

  /** @returns false when the directory does not know the node: it has to register again. */
  async hear({ nodeId, freeBytes: saidBytes, atMs }: Heard): Promise<boolean> {
    const entry = this.#load().get(nodeId);
    if (entry === undefined || isForgotten(entry, clock.nowMs())) return false;
    const freeBytes = Math.min(saidBytes, entry.node.capacityBytes);
    entry.node = { ...entry.node, freeBytes, lastSeenMs: Math.max(entry.node.lastSeenMs, atMs) };
    if (atMs - entry.writtenAtMs >= Math.min(WRITE_EVERY_MS, onlineForMsOf(this.env) * WRITE_EVERY_PART)) {
      this.ctx.storage.sql.exec('UPDATE nodes SET freeBytes = ?, lastSeenMs = ? WHERE nodeId = ?', freeBytes, entry.node.lastSeenMs, nodeId);
      entry.writtenAtMs = atMs;
    }
    return true;
  }

  #checkRoom({ nodeId, network }: DirectoryNode): void {
    const entries = this.#current();
    const known = entries.get(nodeId)?.node;
    if (known === undefined && entries.size >= MAX_DIRECTORY_NODES) throw new SendError('too_many_requests', 'the directory is full');
    if (allowsSharedHosts(this.env) || known?.network === network) return;
    let neighbours = 0;
    for (const { node } of entries.values()) if (node.network === network) neighbours += 1;
    if (neighbours >= MAX_NODES_PER_NETWORK) throw new SendError('too_many_requests', 'the network has as many nodes as it may');
  }

  #enter(node: DirectoryNode): void {
    this.ctx.storage.transactionSync(() => {
      this.ctx.storage.sql.exec(
        `CREATE TABLE IF NOT EXISTS nodes (
          nodeId TEXT PRIMARY KEY, url TEXT NOT NULL, operator TEXT NOT NULL, network TEXT NOT NULL,
          capacityBytes INTEGER NOT NULL, freeBytes INTEGER NOT NULL, lastSeenMs INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID`,
      );
      this.ctx.storage.sql.exec(
        'INSERT OR REPLACE INTO nodes (nodeId, url, operator, network, capacityBytes, freeBytes, lastSeenMs) VALUES (?, ?, ?, ?, ?, ?, ?)',
        node.nodeId,
        node.url,
        node.operator,
        node.network,
        node.capacityBytes,
        node.freeBytes,
        node.lastSeenMs,
      );
    });
    this.#load().set(node.nodeId, { node, writtenAtMs: node.lastSeenMs });
  }

  /** The entries without those that are to be forgotten, which go from the storage, too. */
  #current(): Map<string, Entry> {
    const entries = this.#load();
    const nowMs = clock.nowMs();
    for (const [nodeId, entry] of entries) {
      if (!isForgotten(entry, nowMs)) continue;
      this.ctx.storage.sql.exec('DELETE FROM nodes WHERE nodeId = ?', nodeId);
      entries.delete(nodeId);
    }
    return entries;
  }

  #load(): Map<string, Entry> {
    if (this.#entries) return this.#entries;
    const { sql } = this.ctx.storage;
    const entries = new Map<string, Entry>();
    if (sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'nodes'").toArray().length > 0) {
      const rows = sql.exec<NodeRow>('SELECT * FROM nodes ORDER BY nodeId');
      for (const node of rows) entries.set(node.nodeId, { node: { ...UNMEASURED, ...node }, writtenAtMs: node.lastSeenMs });
    }
    this.#entries = entries;
    return entries;
  }
}

const isForgotten = ({ node }: Entry, nowMs: number): boolean => nowMs - node.lastSeenMs >= FORGOTTEN_AFTER_MS;
