import { SendError, asSendError } from '../../protocol/errors.ts';
import { webDeps } from '../deps.ts';
import { openTransfer } from '../receive/open-transfer.ts';
import type { Progress, ReceiveResult, TransferInfo } from '../types.ts';
import type { StreamAnnouncement, StreamKeepAlive, StreamPath } from './stream-protocol.ts';
import { fromPlainError, toPlainError, type FromWorker, type ToWorker } from './worker-messages.ts';

export type OpenedLink = { readonly ok: true; readonly info: TransferInfo } | { readonly ok: false; readonly error: SendError };

const OPEN_PATIENCE_MS = 10_000;

/** What a link holds. Consumes nothing. @param address - of the page, with its fragment. */
export async function openLink(address: string): Promise<OpenedLink> {
  try {
    const { info } = await openTransfer(address, webDeps(), { patienceMs: OPEN_PATIENCE_MS });
    return { ok: true, info };
  } catch (thrown) {
    return { ok: false, error: fromPlainError(toPlainError(thrown)) };
  }
}

export interface ReceiveEvents {
  onProgress(progress: Progress): void;
  /** Every byte was verified and handed to the disk. */
  onDone(result: ReceiveResult): void;
  onError(error: SendError): void;
}

export interface ReceiveHandle {
  cancel(): void;
}

/** Claims, downloads, verifies and streams to disk through the service worker that the page registered. */
export function startReceiving(address: string, events: ReceiveEvents, workerUrl: string): ReceiveHandle {
  const worker = new Worker(workerUrl, { type: 'module' });
  const post = (message: ToWorker, transfer: Transferable[] = []): void => worker.postMessage(message, transfer);
  const frames: HTMLIFrameElement[] = [];
  let streams: ServiceWorker | null = null;
  const end = (report: () => void): void => {
    worker.terminate();
    report();
  };
  const fail = (error: SendError): void => end(() => events.onError(error));

  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    switch (data.type) {
      case 'progress':
        events.onProgress(data.progress);
        break;
      case 'stream-wanted': {
        const { port1, port2 } = new MessageChannel();
        const announcement: StreamAnnouncement = { type: 'stream', id: data.id, name: data.name, bytes: data.bytes, mime: data.mime };
        streams!.postMessage(announcement, [port1]);
        post({ type: 'stream', port: port2 }, [port2]);
        break;
      }
      case 'stream-ready':
        frames.push(openFrame(`/_stream/${data.id}`));
        break;
      case 'keep-alive':
        streams!.postMessage({ type: 'keep-alive' } satisfies StreamKeepAlive);
        break;
      case 'received':
        end(() => events.onDone(data.result));
        break;
      case 'failed':
        fail(fromPlainError(data.error));
        break;
      case 'link':
      case 'sent':
        break; // of a worker that sends
    }
  };
  worker.onerror = () => fail(new SendError('internal', 'the worker could not start'));
  activeServiceWorker().then(
    (active) => {
      streams = active;
      post({ type: 'receive', address });
    },
    (thrown: unknown) => fail(asSendError(thrown, 'browser_unsupported', "the browser can't run the download")),
  );
  return { cancel: () => post({ type: 'cancel' }) };
}

async function activeServiceWorker(): Promise<ServiceWorker> {
  // Registered by the page at its start; `ready` alone would wait for ever where that failed.
  if (!(await navigator.serviceWorker?.getRegistration('/'))) throw new SendError('browser_unsupported', 'no download worker');
  const { active } = await navigator.serviceWorker.ready;
  if (!active) throw new SendError('browser_unsupported', 'no download worker');
  return active;
}

function openFrame(path: StreamPath): HTMLIFrameElement {
  const frame = document.createElement('iframe');
  frame.hidden = true;
  frame.src = path;
  document.body.append(frame);
  return frame;
}
