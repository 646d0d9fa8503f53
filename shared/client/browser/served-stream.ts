/** The page's part in a download that the service worker serves: announces it, opens it, keeps the worker alive, and hears when it was stopped all the same. See stream-protocol.ts. */
import { SendError } from '../../protocol/errors.ts';
import type { FromStreamWorker, StreamAnnouncement, StreamKeepAlive, StreamPath } from './stream-protocol.ts';

export class ServedStream {
  readonly #announcement: StreamAnnouncement;
  readonly #worker: ServiceWorker;
  readonly #onLost: () => void;
  readonly #onMessage: (event: MessageEvent<FromStreamWorker>) => void;

  private constructor(announcement: StreamAnnouncement, worker: ServiceWorker, onLost: () => void) {
    this.#announcement = announcement;
    this.#worker = worker;
    this.#onLost = onLost;
    this.#onMessage = ({ data }) => {
      if (data.type === 'stream-lost' && data.id === announcement.id) onLost();
    };
    navigator.serviceWorker.addEventListener('message', this.#onMessage);
  }

  /**
   * @param port - the worker's end of the stream.
   * @param onLost - the worker was stopped, and the stream with it: what the browser saved of it is not whole, whatever it says.
   * @throws SendError `browser_unsupported`.
   */
  static async announce(announcement: StreamAnnouncement, port: MessagePort, onLost: () => void): Promise<ServedStream> {
    // Registered by the page at its start; `ready` alone would wait for ever where that failed.
    if (!(await navigator.serviceWorker?.getRegistration('/'))) throw new SendError('browser_unsupported', 'no download worker');
    const { active } = await navigator.serviceWorker.ready;
    if (!active) throw new SendError('browser_unsupported', 'no download worker');
    const stream = new ServedStream(announcement, active, onLost);
    active.postMessage(announcement, [port]);
    return stream;
  }

  /** Once the worker is ready: the request that becomes the download. */
  open(): void {
    const frame = document.createElement('iframe');
    frame.hidden = true;
    frame.src = `/_stream/${this.#announcement.id}` satisfies StreamPath;
    document.body.append(frame);
  }

  keepAlive(): void {
    // Another version took its place: nothing wakes it any more.
    if (this.#worker.state === 'redundant') return this.#onLost();
    this.#worker.postMessage({ type: 'keep-alive', id: this.#announcement.id } satisfies StreamKeepAlive);
  }

  /** Hears nothing any more; the download goes on. */
  close(): void {
    navigator.serviceWorker.removeEventListener('message', this.#onMessage);
  }
}
