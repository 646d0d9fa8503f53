/**
 * One sixteenth of the directory: nodes whose ids begin alike, who they are, where, how much is free, when they were
 * last heard, and what is thought of them. The publisher collects all sixteen; choosing among them is shared/policy's.
 *
 * Heartbeats live in memory and are written once a minute, or often enough that no node seems offline after a restart:
 * what a crash loses of them comes again with the next ones.
 */
import { DurableObject } from 'cloudflare:workers';
import { epochAt } from '../../shared/policy/audit.ts';
import type { DirectoryNode } from '../../shared/policy/directory-node.ts';
import { encodeSnapshot, parseSnapshot } from '../../shared/policy/directory-snapshot.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { clock } from '../clock.ts';
import { allowsSharedHosts, epochMsOf, onlineForMsOf, publishMsOf, type WorkerEnv } from '../environment.ts';
import { logFailure } from '../http/log.ts';
import { MAX_NODES_PER_NETWORK, type Crowding, type KnownNode } from '../network/crowding.ts';
import { DAY_TALLY_SCHEMA, DayTally, NO_TALLY, type Tally } from '../network/day-tally.ts';
import { SHARDS } from '../network/shards.ts';
import { toResult, type Result } from '../result.ts';
import { publisherOf } from './publisher.ts';
import { hasTable } from './storage.ts';

const WRITE_EVERY_MS = 60_000;
/** Of the time after which a silent node counts as offline. */
const WRITE_EVERY_PART = 1 / 3;
/** A node that was not heard for so long is forgotten. */
export const FORGOTTEN_AFTER_MS = 30 * 24 * 3600_000;
/** A snapshot of so many is still quickly read. */
const MAX_DIRECTORY_NODES = 20_000;
export const MAX_SHARD_NODES = MAX_DIRECTORY_NODES / SHARDS;

/** Publications missed in a row, from which on the publisher is woken. */
const MISSED_PUBLICATIONS = 3;

export interface Heard {
  readonly nodeId: string;
  readonly freeBytes: number;
  readonly atMs: number;
}

/** What its record says of a node. */
export type Judgement = Pick<DirectoryNode, 'standing' | 'integrity' | 'availability' | 'speed'>;

/** What the publisher gets of one shard. */
export interface DirectoryPart {
  readonly known: readonly KnownNode[];
  readonly lastDay: Tally;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS nodes (
  nodeId TEXT PRIMARY KEY, url TEXT NOT NULL, operator TEXT NOT NULL,
  network TEXT NOT NULL, country TEXT, asn INTEGER, latitude REAL, longitude REAL, sinceMs INTEGER NOT NULL,
  capacityBytes INTEGER NOT NULL, freeBytes INTEGER NOT NULL, lastSeenMs INTEGER NOT NULL,
  standing TEXT NOT NULL, integrity REAL NOT NULL, availability REAL NOT NULL, speed REAL
) STRICT, WITHOUT ROWID;
${DAY_TALLY_SCHEMA}`;

type NodeRow = { -readonly [Field in keyof Omit<DirectoryNode, 'region'>]: DirectoryNode[Field] } & { latitude: number | null; longitude: number | null; sinceMs: number };

interface Entry extends KnownNode {
  node: DirectoryNode;
  writtenAtMs: number;
}

export class DirectoryObject extends DurableObject<WorkerEnv> {
  readonly #sql = this.ctx.storage.sql;
  #entries: Map<string, Entry> | undefined;
  #hasTables = false;
  /** As the publisher last told it; unknown after a restart, until it collects again. */
  #full: ReadonlySet<string> = new Set();
  /** By the publisher; at first, when this object began to wait for it. */
  #collectedAtMs = clock.nowMs();

  /** Adds a node or replaces what was known of it; `too_many_requests` where there is no room for it, `bad_request` for what cannot be published. */
  register(node: DirectoryNode): Promise<Result<null>> {
    return toResult(async () => {
      checkPublishable(node);
      this.#checkRoom(node);
      this.#enter(node);
      await publisherOf(this.env).wake();
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
      this.#sql.exec('UPDATE nodes SET freeBytes = ?, lastSeenMs = ? WHERE nodeId = ?', freeBytes, entry.node.lastSeenMs, nodeId);
      entry.writtenAtMs = atMs;
    }
    await this.#wakeIfLate();
    return true;
  }

  /** Takes in what is thought of a node from now on. One that the directory does not know brings it along when it registers. */
  async judge(nodeId: string, { standing, integrity, availability, speed }: Judgement): Promise<void> {
    const entry = this.#load().get(nodeId);
    if (entry === undefined) return;
    checkPublishable({ ...entry.node, standing, integrity, availability, speed });
    this.#sql.exec('UPDATE nodes SET standing = ?, integrity = ?, availability = ?, speed = ? WHERE nodeId = ?', standing, integrity, availability, speed, nodeId);
    entry.node = { ...entry.node, standing, integrity, availability, speed };
  }

  /** Adds to what audits and visits came to in an epoch. Sums for people to read: who is not sure of having been heard does not repeat it. */
  async tally(tally: Tally, epoch: number): Promise<void> {
    this.#ensureTables();
    this.ctx.storage.transactionSync(() => new DayTally(this.#sql).add(tally, epoch, this.#epoch()));
  }

  /** Everything that it knows, for the publisher, who tells what only all sixteen together show. */
  async collect({ full, beyond }: Crowding): Promise<DirectoryPart> {
    this.#collectedAtMs = clock.nowMs();
    this.#full = new Set(full);
    const entries = this.#current();
    // Whoever moved meanwhile is measured at the new place.
    for (const { nodeId, network } of beyond) if (entries.get(nodeId)?.node.network === network) this.#drop(nodeId);
    const known = [...entries.values()].map(({ node, sinceMs }) => ({ node, sinceMs }));
    return { known, lastDay: this.#tables() ? new DayTally(this.#sql).sum(this.#epoch()) : NO_TALLY };
  }

  /** The publisher lives by its alarm alone, and everybody by the publisher: heartbeats notice when it has stopped. */
  async #wakeIfLate(): Promise<void> {
    const nowMs = clock.nowMs();
    if (nowMs - this.#collectedAtMs < MISSED_PUBLICATIONS * publishMsOf(this.env)) return;
    this.#collectedAtMs = nowMs;
    try {
      await publisherOf(this.env).wake();
    } catch (thrown) {
      logFailure('waking the publisher', thrown);
    }
  }

  #epoch(): number {
    return epochAt(clock.nowMs(), epochMsOf(this.env));
  }

  #checkRoom({ nodeId, network }: DirectoryNode): void {
    const entries = this.#current();
    const known = entries.get(nodeId)?.node;
    if (known === undefined && entries.size >= MAX_SHARD_NODES) throw new SendError('too_many_requests', 'the directory is full');
    if (allowsSharedHosts(this.env) || known?.network === network) return;
    const neighbours = [...entries.values()].filter(({ node }) => node.network === network).length;
    if (this.#full.has(network) || neighbours >= MAX_NODES_PER_NETWORK) throw new SendError('too_many_requests', 'the network has as many nodes as it may');
  }

  #enter(node: DirectoryNode): void {
    this.#ensureTables();
    const known = this.#load().get(node.nodeId);
    const sinceMs = known?.node.network === node.network ? known.sinceMs : clock.nowMs();
    const { url, operator, network, country, asn, region, capacityBytes, freeBytes, lastSeenMs, standing, integrity, availability, speed } = node;
    const place = [network, country, asn, region?.latitude ?? null, region?.longitude ?? null, sinceMs];
    this.#sql.exec(
      `INSERT OR REPLACE INTO nodes (nodeId, url, operator, network, country, asn, latitude, longitude, sinceMs,
         capacityBytes, freeBytes, lastSeenMs, standing, integrity, availability, speed)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      node.nodeId,
      url,
      operator,
      ...place,
      capacityBytes,
      freeBytes,
      lastSeenMs,
      standing,
      integrity,
      availability,
      speed,
    );
    this.#load().set(node.nodeId, { node, sinceMs, writtenAtMs: node.lastSeenMs });
  }

  #drop(nodeId: string): void {
    this.#sql.exec('DELETE FROM nodes WHERE nodeId = ?', nodeId);
    this.#load().delete(nodeId);
  }

  /** The entries without those that are to be forgotten, which go from the storage, too. */
  #current(): Map<string, Entry> {
    const entries = this.#load();
    const nowMs = clock.nowMs();
    for (const [nodeId, entry] of entries) if (isForgotten(entry, nowMs)) this.#drop(nodeId);
    return entries;
  }

  #load(): Map<string, Entry> {
    if (this.#entries) return this.#entries;
    const entries = new Map<string, Entry>();
    if (this.#tables()) {
      for (const { latitude, longitude, sinceMs, ...said } of this.#sql.exec<NodeRow>('SELECT * FROM nodes ORDER BY nodeId')) {
        const region = latitude === null || longitude === null ? null : { latitude, longitude };
        entries.set(said.nodeId, { node: { ...said, region }, sinceMs, writtenAtMs: said.lastSeenMs });
      }
    }
    this.#entries = entries;
    return entries;
  }

  #ensureTables(): void {
    if (!this.#tables()) this.ctx.storage.transactionSync(() => this.#sql.exec(SCHEMA));
    this.#hasTables = true;
  }

  /** Whether anything was ever written; asking writes nothing. */
  #tables(): boolean {
    this.#hasTables ||= hasTable(this.#sql, 'nodes');
    return this.#hasTables;
  }
}

/** One value that cannot be read would spoil the snapshot for everybody. @throws SendError `bad_request`. */
function checkPublishable(node: DirectoryNode): void {
  try {
    parseSnapshot(encodeSnapshot({ atMs: 0, nodes: [node] }));
  } catch (cause) {
    throw new SendError('bad_request', 'the directory takes no such node', { cause });
  }
}

const isForgotten = ({ node }: Entry, nowMs: number): boolean => nowMs - node.lastSeenMs >= FORGOTTEN_AFTER_MS;
