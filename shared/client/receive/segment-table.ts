/** A transfer's segments in order, page by page, held against what the manifest commits to. docs/protocol.md §5, §10. */
import { asShardId, decodeB64, KEY_BYTES, type TransferId } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import type { TransferLayout } from '../../protocol/layout.ts';
import { SegmentsDigest, type Manifest } from '../../protocol/manifest.ts';
import type { SegmentTable as Page } from '../../protocol/messages.ts';
import type { TransferApi } from '../coordinator-api.ts';
import type { CallOptions } from '../coordinator-call.ts';
import type { SegmentSources } from './gather.ts';

export interface Segment extends SegmentSources {
  readonly salt: Uint8Array;
}

/** Where the table comes from, and what it is held against. */
export interface TableSource {
  /** At least one entry, the first of segment `from`. */
  page(from: number): Promise<Page>;
  /** From here on pages are asked for with a claim: who has one is heard, whatever others try with the link meanwhile. */
  claimed(claimId: string): void;
  finalManifest(): Promise<Manifest>;
}

/** That of a transfer that is ready. */
export function finishedTable(api: TransferApi, manifest: Manifest, options: CallOptions): TableSource {
  let claim: string | null = null;
  return {
    page: (from) => api.segments(from, claim, options),
    claimed: (claimId) => void (claim = claimId),
    finalManifest: async () => manifest,
  };
}

export class SegmentTable {
  readonly #source: TableSource;
  readonly #manifest: Manifest;
  readonly #layout: TransferLayout;
  readonly #totalShards: number;
  readonly #digest: SegmentsDigest;
  #page: Segment[] = [];
  #coming: Promise<Page> | null = null;
  #next = 0;
  #verified = false;

  constructor(source: TableSource, transferId: TransferId, manifest: Manifest, layout: TransferLayout, totalShards: number) {
    this.#source = source;
    this.#manifest = manifest;
    this.#layout = layout;
    this.#totalShards = totalShards;
    this.#digest = new SegmentsDigest(transferId, manifest.segmentCount);
  }

  /** Asks for the first page, which whoever needs it then waits for. */
  prefetch(): void {
    this.#coming = this.#source.page(this.#next);
    this.#coming.catch(() => undefined); // met in `#advance`
  }

  /**
   * Entries are read one after another, so that all of them are in the digest.
   *
   * @param index - above that of every call before.
   * @param last - nothing is asked for after it: it is only given out when the whole table is the one that the sender sealed.
   * @throws SendError `manifest_damaged`.
   */
  async at(index: number, last: boolean): Promise<Segment> {
    if (index < this.#next || index >= this.#manifest.segmentCount) throw new RangeError('segments are read forward');
    let segment = await this.#advance();
    while (segment.index < index) segment = await this.#advance();
    if (last) await this.verify();
    return segment;
  }

  /** Reads on to the end. @throws SendError `manifest_damaged` where the table is not the one that was sealed. */
  async verify(): Promise<void> {
    if (this.#verified) return;
    const manifest = await this.#source.finalManifest();
    while (this.#next < this.#manifest.segmentCount) await this.#advance();
    if (!this.#digest.matches(manifest)) throw new SendError('manifest_damaged', 'the segment table is not the one that was sent');
    this.#verified = true;
  }

  async #advance(): Promise<Segment> {
    if (this.#page.length === 0) {
      const coming = this.#coming ?? this.#source.page(this.#next);
      this.#coming = null;
      this.#page = this.#parse(await coming);
    }
    const segment = this.#page.shift()!;
    this.#next++;
    this.#digest.add(segment);
    return segment;
  }

  #parse(page: Page): Segment[] {
    const segments = page.segments.map(({ index, salt, roots, stored }, i): Segment => {
      const bytes = decodeB64(roots, this.#totalShards * KEY_BYTES, 'manifest_damaged');
      if (stored.some((shardIndex) => shardIndex >= this.#totalShards)) throw new SendError('manifest_damaged', 'a shard that the code does not have');
      if (index !== this.#next + i || index >= this.#manifest.segmentCount) throw new SendError('manifest_damaged', 'segments out of order');
      return {
        index,
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
