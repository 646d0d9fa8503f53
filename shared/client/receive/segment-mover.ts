/**
 * Moves segments from nodes to the opening side. A few are on their way at a time, so memory is flat whatever the
 * transfer's size.
 */
import type { TransferLayout } from '../../protocol/layout.ts';
import type { SegmentRange } from '../../protocol/shard-request.ts';
import type { ClientDeps } from '../deps.ts';
import { ProgressMeter, REPORT_EVERY_MS } from '../progress.ts';
import type { Progress } from '../types.ts';
import type { Gatherer } from './gather.ts';
import type { Lease } from './lease.ts';
import type { OpenTransfer } from './open-transfer.ts';
import { ShardRebuilder } from './rebuild-shards.ts';
import type { Segment, SegmentTable } from './segment-table.ts';
import { bytesBefore, bytesOf, type PlacedFile } from './selection.ts';
import type { GatheredSegment, SegmentWriter, WrittenSegment } from './segment-writer.ts';
import { ShardRooms } from './shard-rooms.ts';

/** Segments between the first byte from a node and the last to a file: one arrives, one is opened, one waits between. */
const SEGMENTS_UNDER_WAY = 3;

export interface SpanToFetch extends SegmentRange {
  /** Another span is sure to come, later. */
  readonly hasMore?: boolean;
}

interface Parts {
  readonly table: SegmentTable;
  readonly layout: TransferLayout;
  /** Those that are wanted. */
  readonly files: readonly PlacedFile[];
  readonly gatherer: Gatherer;
  readonly writer: SegmentWriter;
  readonly lease: Lease;
}

interface Step {
  readonly index: number;
  /** The last segment of its span: streams are opened up to here. */
  readonly spanEnd: number;
  /** Nothing is fetched after it. */
  readonly last: boolean;
}

export class SegmentMover {
  readonly #parts: Parts;
  readonly #rooms: ShardRooms;
  readonly #rebuilder: ShardRebuilder;
  readonly #delay: ClientDeps['delay'];
  readonly #meterFrom: (position: number) => ProgressMeter;
  #meter: ProgressMeter | null = null;
  readonly #underWay: Promise<WrittenSegment>[] = [];
  /** Rejects as soon as a writing fails, while segments may still be waited for. */
  readonly #failed = Promise.withResolvers<never>();

  constructor({ status }: OpenTransfer, parts: Parts, { onProgress }: { onProgress?(progress: Progress): void }, deps: ClientDeps) {
    const { requiredShards, totalShards } = status;
    const maxShardBytes = parts.layout.segment(0).shardBytes;
    this.#parts = parts;
    this.#delay = deps.delay;
    this.#rooms = new ShardRooms(maxShardBytes, SEGMENTS_UNDER_WAY * requiredShards);
    this.#rebuilder = new ShardRebuilder(requiredShards, totalShards, maxShardBytes);
    const bytes = bytesOf(parts.files);
    this.#meterFrom = (position) => new ProgressMeter(bytes, deps.now, onProgress, bytesBefore(parts.files, position));
  }

  /**
   * @param started - resolves when the writer is ready; segments are gathered meanwhile.
   * @param spans - ascending; taken one after another, each when the one before it is used up.
   * @param first - segments before it are left over from an earlier try.
   * @throws SendError: what gathering and writing throw.
   */
  async move(started: Promise<void>, spans: AsyncIterable<SpanToFetch> | Iterable<SpanToFetch>, first: number): Promise<void> {
    this.#failed.promise.catch(() => undefined); // met in the race below
    started.catch(this.#failed.reject);
    const telling = new AbortController();
    void this.#keepTelling(telling.signal);
    try {
      await Promise.race([this.#moveAll(started, spans, first), this.#failed.promise]);
    } finally {
      telling.abort();
    }
  }

  async #keepTelling(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await this.#delay(REPORT_EVERY_MS, signal);
        this.#meter?.again();
      }
    } catch {
      // the moving is over
    }
  }

  async #moveAll(started: Promise<void>, spans: AsyncIterable<SpanToFetch> | Iterable<SpanToFetch>, first: number): Promise<void> {
    this.#meter = this.#meterFrom(this.#parts.layout.textBefore(first));
    for await (const step of stepsOf(spans, first)) {
      // Nodes send segments in order, so each is gathered after the one before it.
      const segment = await this.#parts.table.at(step.index, step.last);
      this.#submit(await this.#gather(segment, step.spanEnd));
      if (this.#underWay.length >= SEGMENTS_UNDER_WAY) await this.#settle();
    }
    while (this.#underWay.length > 0) await this.#settle();
    await this.#parts.table.verify();
    await started;
  }

  async #gather(segment: Segment, spanEnd: number): Promise<GatheredSegment> {
    const dataShards = await this.#rebuilder.dataShards(await this.#parts.gatherer.gather(segment, this.#rooms, spanEnd), segment.shardBytes);
    return { index: segment.index, salt: segment.salt, dataShards };
  }

  #submit(gathered: GatheredSegment): void {
    const writing = this.#parts.writer.write(gathered);
    writing.then(({ doneBytes }) => this.#meter?.set(doneBytes), this.#failed.reject);
    this.#underWay.push(writing);
  }

  async #settle(): Promise<void> {
    const { rooms } = await this.#underWay.shift()!;
    this.#parts.lease.touch();
    this.#rooms.give(rooms);
  }
}

/** Each segment of the spans; the next span is known before the last segment of one is asked for. */
async function* stepsOf(spans: AsyncIterable<SpanToFetch> | Iterable<SpanToFetch>, first: number): AsyncGenerator<Step> {
  let held: Step | null = null;
  for await (const { from, to, hasMore = false } of spans) {
    for (let index = Math.max(from, first); index <= to; index++) {
      if (held !== null) yield held;
      held = { index, spanEnd: to, last: false };
    }
    // Whoever follows an upload gets what is there without waiting for what comes next.
    if (hasMore && held !== null) {
      yield held;
      held = null;
    }
  }
  if (held !== null) yield { ...held, last: true };
}
