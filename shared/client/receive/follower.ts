/**
 * Follows a transfer that is still being uploaded: which segments are there, how far its sender is, and, once it is
 * done, what the whole must match. docs/protocol.md §10, live links.
 */
import { SendError } from '../../protocol/errors.ts';
import type { TransferLayout } from '../../protocol/layout.ts';
import type { Manifest } from '../../protocol/manifest.ts';
import type { SegmentTable as Page } from '../../protocol/messages.ts';
import type { SegmentRange } from '../../protocol/shard-request.ts';
import type { ClientDeps } from '../deps.ts';
import type { UploadSeen } from '../types.ts';
import { readManifest, uploadOf, type OpenTransfer } from './open-transfer.ts';
import type { SpanToFetch } from './segment-mover.ts';
import type { TableSource } from './segment-table.ts';

/** How often the coordinator is asked: soon after something came, more and more seldom while nothing does. */
const SHORTEST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 5_000;
const PAUSE_GROWTH = 1.5;

export interface FollowerOptions {
  readonly signal: AbortSignal;
  onUpload?: ((seen: UploadSeen | null) => void) | undefined;
  /** Called now and then for as long as the upload is followed: somebody waits, and holds a place meanwhile. */
  onTurn(): void;
}

export class Follower implements TableSource {
  readonly #transfer: OpenTransfer;
  readonly #layout: TransferLayout;
  readonly #options: FollowerOptions;
  readonly #deps: ClientDeps;
  /** Pages that the table has not asked for yet, by their first segment. */
  readonly #pages = new Map<number, Page>();
  /** Segments from the first on that are there without a gap, as far as they were read. */
  #contiguous = 0;
  /** Committed in all, as the coordinator last said. */
  #committed: number;
  #isReady: boolean;
  #failure: SendError | null = null;
  #wake = Promise.withResolvers<void>();
  #final: Promise<Manifest> | null = null;
  #claimId: string | null = null;

  constructor(transfer: OpenTransfer, layout: TransferLayout, options: FollowerOptions, deps: ClientDeps) {
    this.#transfer = transfer;
    this.#layout = layout;
    this.#options = options;
    this.#deps = deps;
    this.#committed = transfer.status.segments.committed;
    this.#isReady = transfer.status.state === 'ready';
  }

  /** Asks until the upload is done, it has ended otherwise, or the signal aborts. Never rejects: whoever waits is told. */
  async run(): Promise<void> {
    const { api } = this.#transfer;
    const { signal, onUpload, onTurn } = this.#options;
    try {
      let pauseMs = SHORTEST_PAUSE_MS;
      while (!this.#isReady) {
        await this.#deps.delay(pauseMs, signal);
        onTurn();
        const status = await api.status(this.#claimId, { signal }).catch(unlessDeaf);
        if (status === null) continue;
        const isNew = status.segments.committed > this.#committed;
        pauseMs = isNew ? SHORTEST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, pauseMs * PAUSE_GROWTH);
        this.#committed = status.segments.committed;
        this.#isReady = status.state === 'ready';
        onUpload?.(uploadOf(status, this.#transfer.info.bytes));
        if (isNew || this.#isReady) this.#tell();
      }
    } catch (thrown) {
      this.#failure = thrown instanceof SendError ? thrown : new SendError('internal', "couldn't follow the upload", { cause: thrown });
      this.#tell();
    }
  }

  /** The parts of these spans as they come. @throws SendError: what the coordinator says of a transfer that ended, or was lost sight of. */
  async *arriving(spans: AsyncIterable<SegmentRange> | Iterable<SegmentRange>): AsyncGenerator<SpanToFetch> {
    for await (const { from, to } of spans) {
      for (let at = from; at <= to;) {
        await this.#until(at);
        const end = Math.min(to, this.#contiguous - 1);
        yield { from: at, to: end, hasMore: end < to };
        at = end + 1;
      }
    }
  }

  claimed(claimId: string): void {
    this.#claimId = claimId;
  }

  async page(from: number): Promise<Page> {
    await this.#until(from);
    const page = this.#pages.get(from);
    this.#pages.delete(from);
    return page ?? this.#ask(from);
  }

  #ask(from: number): Promise<Page> {
    return this.#transfer.api.segments(from, this.#claimId, { signal: this.#options.signal });
  }

  /** @throws SendError `manifest_damaged` where it is not of the files that the upload began with. */
  finalManifest(): Promise<Manifest> {
    this.#final ??= this.#readFinal();
    return this.#final;
  }

  async #readFinal(): Promise<Manifest> {
    while (!this.#isReady) await this.#change();
    const { manifest } = this.#transfer;
    const final = await readManifest(this.#transfer, this.#claimId, { signal: this.#options.signal });
    const isSame = final.kind === manifest.kind && final.segmentCount === manifest.segmentCount && JSON.stringify(final.files) === JSON.stringify(manifest.files);
    if (!isSame || final.segmentsDigest === null) throw new SendError('manifest_damaged', 'the upload ended with another list of files than it began with');
    return final;
  }

  /** Resolves when the segment is there. */
  async #until(index: number): Promise<void> {
    while (this.#contiguous <= index) {
      if (this.#contiguous < this.#committed || this.#isReady) {
        const page = await this.#ask(this.#contiguous);
        if (page.segments.length > 0) {
          if (page.segments.length > this.#layout.segmentCount - this.#contiguous) throw new SendError('manifest_damaged', 'segments out of order');
          this.#pages.set(this.#contiguous, page);
          this.#contiguous += page.segments.length;
          continue;
        }
        if (this.#isReady) throw new SendError('manifest_damaged', 'segments are missing');
      }
      await this.#change();
    }
  }

  async #change(): Promise<void> {
    if (this.#failure) throw this.#failure;
    await this.#wake.promise;
    if (this.#failure) throw this.#failure;
  }

  #tell(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/** While others guess a link's password, its status is told to nobody. */
function unlessDeaf(thrown: unknown): null {
  if (thrown instanceof SendError && thrown.code === 'password_wait') return null;
  throw thrown;
}
