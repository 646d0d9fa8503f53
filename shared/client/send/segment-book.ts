/** The segments of an upload that have names: who has signed for their shards, and whether the coordinator knows of them. */
import type { NamedSegment } from './upload-journal.ts';

export interface BookedSegment extends NamedSegment {
  /** Shard indexes with a receipt that the coordinator has. */
  readonly receipts: Set<number>;
  /** The coordinator has its entry. */
  told: boolean;
}

export class SegmentBook {
  readonly #entries = new Map<number, BookedSegment>();
  readonly #safeShards: number;

  constructor(safeShards: number) {
    this.#safeShards = safeShards;
  }

  /** To be called before the segment's first shard leaves: a receipt may cover it from then on. */
  add(segment: NamedSegment, receipts: Iterable<number> = [], told = false): void {
    const { index, salt, roots } = segment;
    this.#entries.set(index, { index, salt, roots, receipts: new Set(receipts), told });
  }

  find(index: number): BookedSegment | undefined {
    return this.#entries.get(index);
  }

  /** @throws RangeError for a segment that has no name yet. */
  at(index: number): BookedSegment {
    const entry = this.#entries.get(index);
    if (entry === undefined) throw new RangeError(`segment ${index} has no name yet`);
    return entry;
  }

  /** Those that lack receipts, ascending. */
  get lacking(): number[] {
    return [...this.#entries.values()]
      .filter(({ receipts }) => receipts.size < this.#safeShards)
      .map(({ index }) => index)
      .toSorted((a, b) => a - b);
  }

  /** How many receipts these segments still lack in all. */
  countLacking(indexes: readonly number[]): number {
    return indexes.reduce((sum, index) => sum + Math.max(0, this.#safeShards - this.at(index).receipts.size), 0);
  }
}
