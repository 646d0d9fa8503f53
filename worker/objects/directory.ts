/**
 * The nodes that there are, in one object: who they are, where, how much is free, when they were last heard. It answers
 * with a snapshot of all; choosing among them is shared/policy's.
 *
 * Heartbeats live in memory and are written once a minute: what a crash loses of them comes again with the next ones.
 */
import { DurableObject } from 'cloudflare:workers';
import type { DirectoryNode } from '../../shared/policy/selection.ts';
import type { WorkerEnv } from '../environment.ts';

const WRITE_EVERY_MS = 60_000;
/** There is one. */
export const DIRECTORY_NAME = 'directory';

export interface Heard {
  readonly nodeId: string;
  readonly freeBytes: number;
  readonly atMs: number;
}

/** The row's columns are the node's fields. */
type NodeRow = { -readonly [Field in keyof DirectoryNode]: DirectoryNode[Field] };

interface Entry {
  node: DirectoryNode;
  writtenAtMs: number;
}

export class DirectoryObject extends DurableObject<WorkerEnv> {
  #entries: Map<string, Entry> | undefined;

  async snapshot(): Promise<DirectoryNode[]> {
    return [...this.#load().values()].map(({ node }) => node);
  }

  /** Adds a node or replaces what was known of it. */
  async register(node: DirectoryNode): Promise<void> {
    const entries = this.#load();
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
    entries.set(node.nodeId, { node, writtenAtMs: node.lastSeenMs });
  }

  /** @returns false when the directory does not know the node: it has to register again. */
  async hear({ nodeId, freeBytes: saidBytes, atMs }: Heard): Promise<boolean> {
    const entry = this.#load().get(nodeId);
    if (entry === undefined) return false;
    const freeBytes = Math.min(saidBytes, entry.node.capacityBytes);
    entry.node = { ...entry.node, freeBytes, lastSeenMs: Math.max(entry.node.lastSeenMs, atMs) };
    if (atMs - entry.writtenAtMs >= WRITE_EVERY_MS) {
      this.ctx.storage.sql.exec('UPDATE nodes SET freeBytes = ?, lastSeenMs = ? WHERE nodeId = ?', freeBytes, entry.node.lastSeenMs, nodeId);
      entry.writtenAtMs = atMs;
    }
    return true;
  }

  #load(): Map<string, Entry> {
    if (this.#entries) return this.#entries;
    const { sql } = this.ctx.storage;
    const entries = new Map<string, Entry>();
    if (sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'nodes'").toArray().length > 0) {
      const rows = sql.exec<NodeRow>('SELECT * FROM nodes ORDER BY nodeId');
      for (const node of rows) entries.set(node.nodeId, { node: { ...node }, writtenAtMs: node.lastSeenMs });
    }
    this.#entries = entries;
    return entries;
  }
}
