/** How much of an upload's text is safe, segment by segment, and the part of it that is on its way. */
import type { TransferLayout } from '../../protocol/layout.ts';
import { ProgressMeter } from '../progress.ts';
import type { Progress } from '../types.ts';
import type { UploadJob } from './segment-uploader.ts';

export class UploadProgress {
  readonly #layout: TransferLayout;
  readonly #safeShards: number;
  readonly #bytes: number;
  readonly #meter: ProgressMeter;
  /** Segments whose safe number of shards nodes have acknowledged. */
  readonly #stored = new Set<number>();
  readonly #active = new Set<UploadJob>();
  #storedTextBytes = 0;

  /** @param bytes - sum of the files' sizes. @param stored - segments that are safe already: no part of the pace. */
  constructor(
    { layout, safeShards, bytes, stored }: { readonly layout: TransferLayout; readonly safeShards: number; readonly bytes: number; readonly stored: readonly number[] },
    now: () => number,
    onProgress: ((progress: Progress) => void) | undefined,
  ) {
    this.#layout = layout;
    this.#safeShards = safeShards;
    this.#bytes = bytes;
    for (const index of stored) this.count(index);
    this.#meter = new ProgressMeter(bytes, now, onProgress, Math.min(bytes, this.#storedTextBytes));
  }

  /** The segment is safe. */
  count(index: number): void {
    if (this.#stored.has(index)) return;
    this.#stored.add(index);
    this.#storedTextBytes += this.#layout.segment(index).textBytes;
  }

  begin(job: UploadJob): void {
    this.#active.add(job);
  }
  end(job: UploadJob): void {
    this.#active.delete(job);
    this.count(job.index);
  }
  /** Nothing is on its way any more. */
  halt(): void {
    this.#active.clear();
  }

  show(): void {
    let textBytes = this.#storedTextBytes;
    for (const { index, stored } of this.#active) {
      if (!this.#stored.has(index)) textBytes += (this.#layout.segment(index).textBytes * stored.size) / this.#safeShards;
    }
    this.#meter.set(textBytes);
  }
  complete(): void {
    this.#meter.set(this.#bytes);
  }
}
