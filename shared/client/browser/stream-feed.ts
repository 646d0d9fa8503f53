/** The writing end of a download that the service worker serves: as many chunks as it wants. See stream-protocol.ts. */
import { SendError } from '../../protocol/errors.ts';
import type { DownloadFeed } from './download-feed.ts';
import type { StreamAnswer, StreamRequest } from './stream-protocol.ts';

export class StreamFeed implements DownloadFeed {
  readonly #port: MessagePort;
  #credit = 0;
  #cancelled = false;
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(port: MessagePort, events: { onReady(): void; onCancel(): void }) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<StreamRequest>) => {
      if (data === 'ready') events.onReady();
      else if (data === 'ended') this.#ended = true;
      else if (data !== 'cancel') this.#credit += data.want;
      else if (!this.#cancelled) {
        this.#cancelled = true;
        events.onCancel();
      }
      this.#wake();
    };
  }

  /** Waits for the browser to want more. @throws SendError `cancelled` when the person stopped the download. */
  async write(chunk: Uint8Array<ArrayBuffer>): Promise<void> {
    while (this.#credit === 0 && !this.#cancelled) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#cancelled) throw new SendError('cancelled');
    this.#credit--;
    const whole = chunk.byteLength === chunk.buffer.byteLength;
    const buffer = whole ? chunk.buffer : chunk.slice().buffer;
    this.#answer({ chunk: buffer }, [buffer]);
  }

  /** The file is complete. Resolves when the browser has taken all of it. @throws SendError `cancelled`, also when `fail` came first. */
  async end(): Promise<void> {
    if (!this.#cancelled) this.#answer('end');
    while (!this.#ended && !this.#cancelled) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (!this.#ended) throw new SendError('cancelled');
    this.#port.close();
  }

  /** Makes the browser show a failed download. */
  fail(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#answer({ error: true });
    this.#wake();
  }

  #answer(answer: StreamAnswer, transfer: Transferable[] = []): void {
    this.#port.postMessage(answer, transfer);
  }
}
