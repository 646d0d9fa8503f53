/** Previews in a page: a worker opens the parts that are looked at, and the service worker passes them to a frame that runs no script. */
import type { PasswordKey } from '../../crypto/index.ts';
import { SendError } from '../../protocol/errors.ts';
import type { ManifestFile } from '../../protocol/manifest.ts';
import { takePart } from './part-port.ts';
import { previewKind, SNIFFED_BYTES, type PreviewKind } from './preview-kinds.ts';
import { resolveRange, type FilePart, type PreviewHead, type PreviewMime, type PreviewPath, type PreviewWanted } from './preview-protocol.ts';
import type { StreamKeepAlive } from './stream-protocol.ts';
import { fromPlainError, type FromWorker, type ToWorker } from './worker-messages.ts';

const KEEP_ALIVE_MS = 5_000;

interface Published {
  readonly file: number;
  readonly bytes: number;
  readonly mime: PreviewMime;
}

export class Previews {
  readonly #files: readonly ManifestFile[];
  readonly #worker: Worker;
  readonly #opened: Promise<void>;
  readonly #published = new Map<string, Published>();
  readonly #keepAlive: ReturnType<typeof setInterval>;
  #wasOpened = false;

  /**
   * Takes a claim, which `close` gives back.
   *
   * @param passwordKey - what `openLink` gave.
   * @param files - the transfer's.
   * @param workerUrl - of the built transfer.worker.ts; as a TrustedScriptURL where the page enforces Trusted Types.
   */
  constructor(address: string, passwordKey: PasswordKey | null, files: readonly ManifestFile[], workerUrl: string) {
    this.#files = files;
    this.#worker = new Worker(workerUrl, { type: 'module' });
    this.#opened = new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if (data.type === 'preview-opened') {
          this.#wasOpened = true;
          resolve();
        }
        if (data.type === 'failed') reject(fromPlainError(data.error));
        if (data.type === 'preview-closed') this.#worker.terminate();
      };
      this.#worker.onerror = () => reject(new SendError('internal', 'the worker could not start'));
    });
    this.#opened.catch(() => undefined); // met where a part is read
    this.#post({ type: 'preview', address, passwordKey });
    // An extension's pages may have none.
    navigator.serviceWorker?.addEventListener('message', this.#answer);
    navigator.serviceWorker?.startMessages();
    // A player that is paused asks for nothing, and Firefox would stop the service worker under its stream.
    this.#keepAlive = setInterval(() => navigator.serviceWorker?.controller?.postMessage({ type: 'keep-alive' } satisfies StreamKeepAlive), KEEP_ALIVE_MS);
  }

  /** @returns null for what is not shown. @throws SendError. */
  async look(file: number): Promise<PreviewKind | null> {
    const head = await this.read({ file, from: 0, to: Math.min(SNIFFED_BYTES, this.#files[file]!.bytes) });
    return previewKind(new Uint8Array(await head.arrayBuffer()), this.#files[file]!);
  }

  /** @throws SendError. */
  async read(part: FilePart): Promise<Blob> {
    await this.#opened;
    const { port1, port2 } = new MessageChannel();
    this.#serve(part, port2);
    return takePart(port1);
  }

  /** Makes a file available to a frame. @returns the frame's address. */
  publish(file: number, { kind, mime }: Extract<PreviewKind, { mime: string }>): PreviewPath {
    const id = crypto.randomUUID();
    this.#published.set(id, { file, bytes: this.#files[file]!.bytes, mime });
    return `/_preview/frame/${kind}/${id}`;
  }

  /** Nothing is served any more. */
  close(): void {
    clearInterval(this.#keepAlive);
    navigator.serviceWorker?.removeEventListener('message', this.#answer);
    if (this.#wasOpened) this.#post({ type: 'cancel' });
    else this.#worker.terminate(); // what it may have claimed lapses
  }

  readonly #answer = ({ data, ports: [port] }: MessageEvent<PreviewWanted>): void => {
    const published = data.type === 'preview' && this.#published.get(data.id);
    if (!published || !port) return;
    const { file, bytes, mime } = published;
    const range = resolveRange(data.range, bytes);
    port.postMessage((range ? { mime, bytes, ...range } : { outside: true, bytes }) satisfies PreviewHead);
    if (range) this.#serve({ file, ...range }, port);
  };

  #serve(part: FilePart, port: MessagePort): void {
    this.#post({ type: 'serve', part, port }, [port]);
  }

  #post(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}
