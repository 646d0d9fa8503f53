/**
 * Reads parts of files without the rest: for previews. Takes a claim and gives it back, so nothing is counted; a transfer
 * whose downloads are counted has none (decision 0012). docs/protocol.md §3, §5.
 */
import { encodeB64, ID_BYTES } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import { TransferLayout } from '../../protocol/layout.ts';
import { TAG_SIZE_BYTES } from '../../protocol/limits.ts';
import type { ClientDeps } from '../deps.ts';
import type { Gatherer } from './gather.ts';
import { Lease } from './lease.ts';
import { openSegment } from './open-segment.ts';
import { isLive, type OpenTransfer } from './open-transfer.ts';
import { ShardRebuilder } from './rebuild-shards.ts';
import { gathererFor } from './receive.ts';
import { finishedTable, SegmentTable, type Segment } from './segment-table.ts';
import { chooseFiles, type PlacedFile } from './selection.ts';
import { ShardRooms } from './shard-rooms.ts';

/** Segments whose shards are kept, for a player that goes back and forth: about 10 MiB each. */
const KEPT_SEGMENTS = 3;

interface Parts {
  readonly claimId: string;
  readonly gatherer: Gatherer;
  readonly segments: readonly Segment[];
  readonly stop: AbortController;
}

export class RangeReader {
  readonly files: readonly PlacedFile[];
  readonly #transfer: OpenTransfer;
  readonly #layout: TransferLayout;
  readonly #parts: Parts;
  readonly #lease: Lease;
  readonly #rooms: ShardRooms;
  readonly #rebuilder: ShardRebuilder;
  /** Those used last stand last. */
  readonly #kept = new Map<number, Promise<ArrayBuffer[]>>();
  /** The last work with nodes or the codec: there is one at a time. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(transfer: OpenTransfer, layout: TransferLayout, parts: Parts, deps: ClientDeps) {
    const { requiredShards, totalShards } = transfer.status;
    const { shardBytes } = layout.segment(0);
    this.files = chooseFiles(transfer.manifest.files, null);
    this.#transfer = transfer;
    this.#layout = layout;
    this.#parts = parts;
    this.#lease = new Lease(transfer.api, parts.claimId, deps, parts.stop.signal);
    this.#rooms = new ShardRooms(shardBytes, 2 * requiredShards);
    this.#rebuilder = new ShardRebuilder(requiredShards, totalShards, shardBytes);
  }

  /**
   * Claims, and reads the whole segment table, which must be the one that was sent.
   *
   * @throws SendError; RangeError where downloads are counted, or the sender is not done.
   */
  static async open(transfer: OpenTransfer, deps: ClientDeps): Promise<RangeReader> {
    const { api, link, manifest, status } = transfer;
    if (status.downloads.limit !== null || isLive(transfer)) throw new RangeError('a transfer whose downloads are counted, or that is still being sent, has no previews');
    const stop = new AbortController();
    const { signal } = stop;
    const claimId = encodeB64(deps.randomBytes(ID_BYTES));
    const layout = new TransferLayout(status.contentBytes, status.requiredShards);
    const source = finishedTable(api, manifest, { signal });
    const table = new SegmentTable(source, link.transferId, manifest, layout, status.totalShards);
    table.prefetch();
    const claim = await api.claim(claimId, { signal });
    source.claimed(claimId);
    const segments: Segment[] = [];
    try {
      while (segments.length < layout.segmentCount) segments.push(await table.at(segments.length, false));
      await table.verify();
    } catch (thrown) {
      await api.release(claimId, [], { patienceMs: 2_000 }).catch(() => undefined); // else it lapses
      throw thrown;
    }
    return new RangeReader(transfer, layout, { claimId, gatherer: gathererFor(transfer, claim, signal, deps), segments, stop }, deps);
  }

  /**
   * @param file - its index in the manifest.
   * @param from - inclusive.
   * @param to - exclusive, at most the file's size.
   * @returns the bytes in order, in pieces of at most a record's text; every array is the caller's own.
   * @throws SendError.
   */
  async *read(file: number, from: number, to: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const { offset, bytes } = this.files[file]!;
    if (!(from >= 0 && from <= to && to <= bytes)) throw new RangeError('no such bytes');
    const end = offset + to;
    for (let at = offset + from; at < end;) {
      const layout = this.#layout.segment(this.#layout.segmentAt(at));
      const recordText = layout.recordBytes - TAG_SIZE_BYTES;
      const until = Math.min(end, layout.textOffset + layout.textBytes);
      const records = { from: Math.floor((at - layout.textOffset) / recordText), to: Math.ceil((until - layout.textOffset) / recordText) };
      const { salt } = this.#parts.segments[layout.index]!;
      const kept = this.#take(layout.index);
      let recordAt = layout.textOffset + records.from * recordText;
      for await (const text of openSegment(await kept, layout, { secret: this.#transfer.contentSecret, salt }, records.from, records.to)) {
        const part = text.slice(at - recordAt, until - recordAt);
        recordAt += text.length;
        at += part.length;
        yield part;
      }
    }
  }

  /** Ends what is being read and gives the claim back. */
  async close(): Promise<void> {
    const { stop, gatherer, claimId } = this.#parts;
    stop.abort();
    gatherer.close();
    const problems = gatherer.problems.map(({ shardIndex, code }) => ({ shardIndex, code }));
    await this.#transfer.api.release(claimId, problems, { patienceMs: 2_000 }).catch(() => undefined); // else it lapses
  }

  #take(index: number): Promise<ArrayBuffer[]> {
    const kept = this.#kept.get(index) ?? this.#gather(this.#parts.segments[index]!);
    this.#kept.delete(index);
    this.#kept.set(index, kept);
    // A reader may still be at the oldest one, so its memory is left to the collector.
    if (this.#kept.size > KEPT_SEGMENTS) this.#kept.delete(this.#kept.keys().next().value!);
    return kept;
  }

  #gather(segment: Segment): Promise<ArrayBuffer[]> {
    const gathered = this.#inTurn(async () => {
      this.#lease.touch();
      // Whatever is read next may lie anywhere: each segment is asked for alone.
      return this.#rebuilder.dataShards(await this.#parts.gatherer.gather(segment, this.#rooms, segment.index), segment.shardBytes);
    });
    gathered.catch(() => this.#kept.delete(segment.index)); // asked for again, it is tried again
    return gathered;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(() => {
      if (this.#parts.stop.signal.aborted) throw new SendError('cancelled');
      return work();
    });
    this.#last = done.catch(() => undefined); // the caller's to meet
    return done;
  }
}
