/** How content is cut: padding, segments, rows, records, and how k follows from n. docs/protocol.md §3, §4. */
import { MAX_CONTENT_BYTES, MAX_NODES, MIN_CONTENT_BYTES, MIN_NODES, RECORD_SIZE_BYTES, RECORD_TEXT_BYTES, ROWS_PER_SEGMENT, TAG_SIZE_BYTES } from './limits.ts';

/** Padmé: hides all but O(log log L) bits of a length for at most 12% more bytes. @see Nikitin et al., PETS 2019 */
export function padme(length: number): number {
  if (length < 2) return length;
  const e = Math.floor(Math.log2(length));
  const s = Math.floor(Math.log2(e)) + 1;
  const step = 2 ** Math.max(0, e - s);
  return Math.ceil(length / step) * step;
}

/** What the coordinator learns of a transfer's size, from the sum of its files' sizes. */
export const contentBytesOf = (fileBytes: number): number => padme(Math.max(fileBytes, MIN_CONTENT_BYTES));

export interface Redundancy {
  /** k: any so many shards rebuild a segment. */
  readonly requiredShards: number;
  /** n: shards of a segment, one a node. */
  readonly totalShards: number;
  /** Stored shards with which a segment may be committed. */
  readonly safeShards: number;
}

/** @param eligibleNodes - at least MIN_NODES; more than MAX_NODES count as MAX_NODES. */
export function redundancyFor(eligibleNodes: number): Redundancy {
  if (!(eligibleNodes >= MIN_NODES)) throw new RangeError(`at least ${MIN_NODES} nodes are needed`);
  const totalShards = Math.min(MAX_NODES, Math.floor(eligibleNodes));
  const requiredShards = Math.max(2, Math.round((5 * totalShards) / 12));
  return { requiredShards, totalShards, safeShards: Math.min(totalShards, Math.ceil((requiredShards * 14) / 10)) };
}

export interface SegmentLayout {
  readonly index: number;
  readonly rows: number;
  /** Sealed size of each record; `recordBytes − TAG_SIZE_BYTES` of text. */
  readonly recordBytes: number;
  readonly recordCount: number;
  readonly shardBytes: number;
  /** Text of the whole segment, padding included. */
  readonly textBytes: number;
  /** Where the segment's text begins in the content. */
  readonly textOffset: number;
}

/** The cut of one transfer. `contentBytes` and `requiredShards` decide everything. */
export class TransferLayout {
  readonly contentBytes: number;
  readonly requiredShards: number;
  readonly segmentCount: number;
  readonly #fullTextBytes: number;

  constructor(contentBytes: number, requiredShards: number) {
    if (!Number.isSafeInteger(contentBytes) || contentBytes < MIN_CONTENT_BYTES || contentBytes > MAX_CONTENT_BYTES) throw new RangeError('contentBytes is out of range');
    if (!Number.isInteger(requiredShards) || requiredShards < 1 || requiredShards > MAX_NODES) throw new RangeError('requiredShards is out of range');
    this.contentBytes = contentBytes;
    this.requiredShards = requiredShards;
    this.#fullTextBytes = requiredShards * ROWS_PER_SEGMENT * RECORD_TEXT_BYTES;
    this.segmentCount = Math.ceil(contentBytes / this.#fullTextBytes);
  }

  segment(index: number): SegmentLayout {
    if (!Number.isInteger(index) || index < 0 || index >= this.segmentCount) throw new RangeError('no such segment');
    const textOffset = index * this.#fullTextBytes;
    const rest = Math.min(this.#fullTextBytes, this.contentBytes - textOffset);
    const rows = Math.ceil(rest / (this.requiredShards * RECORD_TEXT_BYTES));
    const recordCount = rows * this.requiredShards;
    const recordBytes = Math.min(RECORD_SIZE_BYTES, Math.ceil((Math.ceil(rest / recordCount) + TAG_SIZE_BYTES) / 64) * 64);
    return {
      index,
      rows,
      recordBytes,
      recordCount,
      textOffset,
      shardBytes: rows * recordBytes,
      textBytes: recordCount * (recordBytes - TAG_SIZE_BYTES),
    };
  }

  /** The segment whose text holds this byte of the content. */
  segmentAt(offset: number): number {
    if (!Number.isInteger(offset) || offset < 0 || offset >= this.contentBytes) throw new RangeError('no such byte');
    return Math.floor(offset / this.#fullTextBytes);
  }

  /** Bytes of the content before segment `index`, which may be `segmentCount`. */
  textBefore(index: number): number {
    return Math.min(index * this.#fullTextBytes, this.contentBytes);
  }

  /** Bytes of all shards that one node may hold of this transfer. */
  get shardBytesPerNode(): number {
    return (this.segmentCount - 1) * ROWS_PER_SEGMENT * RECORD_SIZE_BYTES + this.segment(this.segmentCount - 1).shardBytes;
  }
}
