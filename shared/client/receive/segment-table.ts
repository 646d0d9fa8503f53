/** A transfer's segments in order, page by page, held against what the manifest commits to; those that are wanted are given out. docs/protocol.md §5, §10. */
import { asShardId, decodeB64, KEY_BYTES, type TransferId } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import type { TransferLayout } from '../../protocol/layout.ts';
import { SegmentsDigest, type Manifest } from '../../protocol/manifest.ts';
import type { SegmentTable as Page } from '../../protocol/messages.ts';
import type { SegmentRange } from '../../protocol/shard-request.ts';
import type { CallOptions, TransferApi } from '../coordinator-api.ts';
import type { SegmentSources } from './gather.ts';

export interface Segment extends SegmentSources {
  readonly salt: Uint8Array;
}

export class SegmentTable {
  readonly #api: TransferApi;
  readonly #manifest: Manifest;
  readonly #layout: TransferLayout;
  readonly #totalShards: number;
  readonly #digest: SegmentsDigest;
  readonly #options: CallOptions;
  /** What is still to be given out. */
  readonly #spans: SegmentRange[];
  #page: Segment[] = [];
  #coming: Promise<Page> | null = null;
  #next = 0;

  /** @param spans - of segments that are wanted: ascending, apart from each other. */
  constructor(
    api: TransferApi,
    transferId: TransferId,
    manifest: Manifest,
    { layout, totalShards, spans }: { readonly layout: TransferLayout; readonly totalShards: number; readonly spans: readonly SegmentRange[] },
    options: CallOptions,
  ) {
    this.#api = api;
    this.#manifest = manifest;
    this.#layout = layout;
    this.#totalShards = totalShards;
    this.#digest = new SegmentsDigest(transferId, manifest.segmentCount);
    this.#options = options;
    this.#spans = [...spans];
  }

  /** Asks for the first page, which `next` then waits for. */
  prefetch(): void {
    this.#coming = this.#api.segments(this.#next, this.#options);
    this.#coming.catch(() => undefined); // met in `next`
  }

  /**
   * The last segment is only given out when the whole table is the one that the sender sealed.
   *
   * @returns the next segment that is wanted, null after the last.
   * @throws SendError `manifest_damaged`.
   */
  async next(): Promise<Segment | null> {
    const span = this.#spans[0];
    if (!span) return null;
    let segment = await this.#read();
    while (segment.index < span.from) segment = await this.#read();
    if (segment.index === span.to) this.#spans.shift();
    if (this.#spans.length === 0) while (this.#next < this.#manifest.segmentCount) await this.#read();
    return { ...segment, spanEnd: span.to };
  }

  async #read(): Promise<Segment> {
    if (this.#page.length === 0) {
      const coming = this.#coming ?? this.#api.segments(this.#next, this.#options);
      this.#coming = null;
      this.#page = this.#parse(await coming);
    }
    const segment = this.#page.shift()!;
    this.#next++;
    this.#digest.add(segment);
    if (this.#next === this.#manifest.segmentCount && !this.#digest.matches(this.#manifest)) {
      throw new SendError('manifest_damaged', 'the segment table is not the one that was sent');
    }
    return segment;
  }

  #parse(page: Page): Segment[] {
    const segments = page.segments.map(({ index, salt, roots, stored }, i): Segment => {
      const bytes = decodeB64(roots, this.#totalShards * KEY_BYTES, 'manifest_damaged');
      if (stored.some((shardIndex) => shardIndex >= this.#totalShards)) throw new SendError('manifest_damaged', 'a shard that the code does not have');
      if (index !== this.#next + i || index >= this.#manifest.segmentCount) throw new SendError('manifest_damaged', 'segments out of order');
      return {
        index,
        spanEnd: index,
        salt: decodeB64(salt, KEY_BYTES, 'manifest_damaged'),
        shardBytes: this.#layout.segment(index).shardBytes,
        roots: Array.from({ length: this.#totalShards }, (_, j) => asShardId(bytes.subarray(j * KEY_BYTES, (j + 1) * KEY_BYTES))),
        stored,
      };
    });
    if (segments.length === 0) throw new SendError('manifest_damaged', 'segments are missing');
    return segments;
  }
}
