/** The segment table: salts, committed roots, and which shards nodes have signed for. docs/protocol.md §10. */
import { decodeB64, encodeB64, equalBytes, KEY_BYTES } from '../../shared/protocol/bytes.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import type { TransferLayout } from '../../shared/protocol/layout.ts';
import { MAX_SEGMENT_TABLE_PAGE } from '../../shared/protocol/limits.ts';
import type { SegmentEntry, SegmentTable } from '../../shared/protocol/messages.ts';
import type { HeldRun } from '../node/holdings.ts';

export const SEGMENTS_SCHEMA = `
CREATE TABLE segments (
  segment INTEGER PRIMARY KEY, salt BLOB NOT NULL, roots BLOB NOT NULL,
  stored INTEGER NOT NULL DEFAULT 0, storedCount INTEGER NOT NULL DEFAULT 0, former INTEGER NOT NULL DEFAULT 0,
  committed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX committedSegments ON segments (storedCount) WHERE committed = 1;
`;

export type SegmentRow = {
  segment: number;
  salt: ArrayBuffer;
  /** One root of 32 bytes a shard index. */
  roots: ArrayBuffer;
  /** Bit i: a receipt for shard i is in, from the node that has the seat. */
  stored: number;
  /** Bit i: one from the node that had it before. */
  former: number;
  committed: number;
};

/** A shard that a node has signed for, and the root that it signed. */
export interface StoredShard {
  readonly segment: number;
  readonly shardIndex: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** By the node's clock. */
  readonly storedAtMs: number;
}

/** Who holds a shard index: the node that has the seat, or the one that had it before. */
export type Column = 'stored' | 'former';

export const maskOf = (shardIndexes: Iterable<number>): number => {
  let mask = 0;
  for (const index of shardIndexes) mask |= 1 << index;
  return mask;
};
export const hasShard = (mask: number, shardIndex: number): boolean => ((mask >>> shardIndex) & 1) === 1;
export function indexesOf(mask: number): number[] {
  const indexes: number[] = [];
  for (let i = 0; i < 32; i++) if (hasShard(mask, i)) indexes.push(i);
  return indexes;
}
export function countBits(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
export const rootOf = (roots: Uint8Array, shardIndex: number): Uint8Array => roots.subarray(shardIndex * KEY_BYTES, (shardIndex + 1) * KEY_BYTES);

/** Writing methods expect to run inside their caller's transaction. */
export class Segments {
  readonly #sql: SqlStorage;
  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  find(segment: number): SegmentRow | undefined {
    return this.#sql.exec<SegmentRow>('SELECT segment, salt, roots, stored, former, committed FROM segments WHERE segment = ?', segment).toArray()[0];
  }

  /**
   * Enters a segment, or replaces one that was sealed again.
   *
   * @returns the mask of stored shards that count no more. @throws SendError `conflict` when it is committed with other values.
   */
  enter({ index, salt, roots }: SegmentEntry): number {
    const known = this.find(index);
    const [saltBytes, rootBytes] = [decodeB64(salt), decodeB64(roots)];
    if (known && equalBytes(new Uint8Array(known.salt), saltBytes) && equalBytes(new Uint8Array(known.roots), rootBytes)) return 0;
    if (known?.committed === 1) throw new SendError('conflict', 'the segment is committed');
    this.#sql.exec('INSERT OR REPLACE INTO segments (segment, salt, roots) VALUES (?, ?, ?)', index, saltBytes.buffer, rootBytes.buffer);
    return known?.stored ?? 0;
  }

  /**
   * Notes a stored shard, and commits its segment once enough are.
   *
   * @returns whether the shard is new, and whether the segment is committed by it. A shard whose root is not the table's (any more) is not stored.
   */
  store({ segment, shardIndex, root }: StoredShard, safeShards: number): { isNew: boolean; commits: boolean } {
    const row = this.find(segment);
    if (!row || hasShard(row.stored, shardIndex) || !equalBytes(rootOf(new Uint8Array(row.roots), shardIndex), root)) return { isNew: false, commits: false };
    const stored = row.stored | (1 << shardIndex);
    const storedCount = countBits(stored);
    const commits = row.committed === 0 && storedCount >= safeShards;
    this.#sql.exec('UPDATE segments SET stored = ?, storedCount = ?, committed = ? WHERE segment = ?', stored, storedCount, row.committed === 1 || commits ? 1 : 0, segment);
    return { isNew: true, commits };
  }

  /** Shards stored of the worst committed segment; null when none is committed. */
  fewestStored(): number | null {
    return this.#sql.exec<{ fewest: number | null }>('SELECT min(storedCount) AS fewest FROM segments WHERE committed = 1').one().fewest;
  }

  /**
   * Shards of the worst committed segment that count; null when none is committed. Reads the whole table: for when
   * some of what is stored does not count.
   *
   * @param seats - mask of indexes whose holder counts. @param formers - of those whose former holder does.
   */
  fewestCounting(seats: number, formers: number): number | null {
    let fewest: number | null = null;
    for (const { counting } of this.#sql.exec<{ counting: number }>('SELECT DISTINCT (stored & ?) | (former & ?) AS counting FROM segments WHERE committed = 1', seats, formers))
      fewest = Math.min(fewest ?? Infinity, countBits(counting));
    return fewest;
  }

  /** Nobody counts as holder of the index any more. @param keep - whether who did is from now on its former holder. */
  vacate(shardIndex: number, keep: boolean): void {
    const bit = 1 << shardIndex;
    if (keep) this.#sql.exec('UPDATE segments SET former = (former & ~?) | (stored & ?) WHERE ((stored | former) & ?) != 0', bit, bit, bit);
    this.#sql.exec('UPDATE segments SET stored = stored & ~?, storedCount = storedCount - 1 WHERE (stored & ?) != 0', bit, bit);
  }

  dropFormer(shardIndex: number): void {
    const bit = 1 << shardIndex;
    this.#sql.exec('UPDATE segments SET former = former & ~? WHERE (former & ?) != 0', bit, bit);
  }

  /** Committed segments of which the index is held, as runs, ascending. */
  runsOf(shardIndex: number, column: Column, layout: TransferLayout): HeldRun[] {
    const runs: { firstSegment: number; segmentCount: number; shardBytes: number; lastShardBytes: number }[] = [];
    const held = this.#sql.exec<{ segment: number }>(`SELECT segment FROM segments WHERE committed = 1 AND (${column} & ?) != 0 ORDER BY segment`, 1 << shardIndex);
    for (const { segment } of held) {
      const { shardBytes } = layout.segment(segment);
      const last = runs.at(-1);
      if (last !== undefined && last.firstSegment + last.segmentCount === segment) {
        last.segmentCount += 1;
        last.lastShardBytes = shardBytes;
      } else runs.push({ firstSegment: segment, segmentCount: 1, shardBytes, lastShardBytes: shardBytes });
    }
    return runs;
  }

  /** The first committed segments from `from` on, or around the end, of which the index is held: at most `limit`, ascending. */
  heldFrom(shardIndex: number, from: number, limit: number): SegmentRow[] {
    for (const since of from === 0 ? [0] : [from, 0]) {
      const rows = this.#sql
        .exec<SegmentRow>(
          'SELECT segment, salt, roots, stored, former, committed FROM segments WHERE segment >= ? AND committed = 1 AND (stored & ?) != 0 ORDER BY segment LIMIT ?',
          since,
          1 << shardIndex,
          limit,
        )
        .toArray();
      if (rows.length > 0) return rows;
    }
    return [];
  }

  /** @param byFormer - mask of the indexes that the former holder serves. */
  page(from: number, segmentCount: number, byFormer: number): SegmentTable {
    const rows = this.#sql
      .exec<SegmentRow>('SELECT segment, salt, roots, stored, former, committed FROM segments WHERE segment >= ? ORDER BY segment LIMIT ?', from, MAX_SEGMENT_TABLE_PAGE)
      .toArray();
    const segments = rows.map(({ segment, salt, roots, stored, former }) => ({
      index: segment,
      salt: encodeB64(new Uint8Array(salt)),
      roots: encodeB64(new Uint8Array(roots)),
      stored: indexesOf((stored & ~byFormer) | (former & byFormer)),
    }));
    const next = (segments.at(-1)?.index ?? segmentCount) + 1;
    return { segments, next: next < segmentCount ? next : null };
  }

  /** Committed segments from `from` on without a gap, of a transfer that is uploading. `next` is null where no more are committed. */
  committedPage(from: number, segmentCount: number): SegmentTable {
    const { segments, next } = this.page(from, segmentCount, 0);
    const gap = segments.findIndex(({ index }, i) => index !== from + i || this.find(index)!.committed === 0);
    return gap < 0 ? { segments, next: segments.length < MAX_SEGMENT_TABLE_PAGE ? null : next } : { segments: segments.slice(0, gap), next: null };
  }

  /** Committed segments that lack a shard of `wanted`, from a segment on, ascending. The cursor may be left early. */
  *lacking(wanted: number, from: number): Generator<SegmentRow> {
    yield* this.#sql.exec<SegmentRow>(
      'SELECT segment, salt, roots, stored, former, committed FROM segments WHERE segment >= ? AND committed = 1 AND (stored & ?) != ? ORDER BY segment',
      from,
      wanted,
      wanted,
    );
  }
}
