/** Receiving in a page: workers do the work, the page hears of progress and opens the frame that becomes the download. */
import type { PasswordKey } from '../../crypto/index.ts';
import { SendError, asSendError } from '../../protocol/errors.ts';
import { webDeps } from '../deps.ts';
import type { PasswordKeySource } from '../link-keys.ts';
import { lookAtUpload, openTransfer } from '../receive/open-transfer.ts';
import type { Choice } from '../receive/selection.ts';
import { commitAgain } from '../receive/commit-again.ts';
import { OVER, forgetLeftover, leftoverBytes, leftoverHandedOver, wholeLeftover } from './leftovers.ts';
import { StagedFiles } from './staged-files.ts';
import type { Progress, ReceiveResult, TransferInfo, UploadSeen } from '../types.ts';
import { stretchInWorker } from './stretch.ts';
import { collectStream, mustCollect } from './stream-collect.ts';
import type { StreamAnnouncement, StreamKeepAlive, StreamPath } from './stream-protocol.ts';
import { fromPlainError, toPlainError, type FromWorker, type ToWorker } from './worker-messages.ts';

/** `passwordKey`: what the password came to, should the link have asked for one; opens the link again without it. */
export type OpenedLink = { readonly passwordKey: PasswordKey | null } & (
  | {
      readonly ok: true;
      readonly info: TransferInfo;
      /** Of an earlier try, on this machine's disk. */
      readonly doneBytes: number;
    }
  | {
      readonly ok: false;
      readonly error: SendError;
      /** A file that an earlier try had brought here whole was handed over now. */
      readonly rescued: boolean;
    }
);

export interface TypedPassword {
  readonly text: string;
  /** @param fraction - of the seconds that it takes to make a key of it. */
  onProgress(fraction: number): void;
}

const OPEN_PATIENCE_MS = 10_000;
/** How long a browser may take to copy a file from memory to its disk. */
const SAVE_WITHIN_MS = 120_000;

/**
 * What a link holds. Consumes nothing.
 *
 * @param address - of the page, with its fragment.
 * @param password - as it was typed, or what it came to before; null while none is known.
 * @param workerUrl - of the built transfer.worker.ts; as a TrustedScriptURL where the page enforces Trusted Types.
 */
export async function openLink(address: string, password: TypedPassword | PasswordKey | null, workerUrl: string): Promise<OpenedLink> {
  let passwordKey = password instanceof Uint8Array ? password : null;
  const keyOf = async (typed: TypedPassword, salt: Uint8Array): Promise<PasswordKey> => (passwordKey ??= await stretchInWorker(typed.text, salt, workerUrl, typed.onProgress));
  const source = password === null ? undefined : async (salt: Uint8Array) => (password instanceof Uint8Array ? password : keyOf(password, salt));
  try {
    const transfer = await openTransfer(address, webDeps(), { patienceMs: OPEN_PATIENCE_MS, passwordKey: source });
    return { ok: true, info: transfer.info, doneBytes: await leftoverBytes(transfer), passwordKey };
  } catch (thrown) {
    const error = fromPlainError(toPlainError(thrown));
    const rescued = OVER.has(error.code) && (await rescueOrForget(address, source).catch(() => false));
    return { ok: false, error, rescued, passwordKey };
  }
}

/**
 * A browser that ended between the counting of a download and its handing over comes back to a link that may be used up
 * by that very download.
 *
 * @returns whether the file was handed over. @throws SendError where nobody said whether it counts: the file then waits.
 */
async function rescueOrForget(address: string, passwordKey: PasswordKeySource | undefined): Promise<boolean> {
  const left = await wholeLeftover(address);
  if (left === null || !(await commitAgain(address, left.claimId, webDeps(), { patienceMs: OPEN_PATIENCE_MS, passwordKey }))) {
    await forgetLeftover(address);
    return false;
  }
  await leftoverHandedOver(address, await saveStaged(left.file, left.name, left.mime));
  return true;
}

/**
 * How far the sender of a listed transfer is by now.
 *
 * @param bytes - sum of the files' sizes.
 * @returns null once everything is there. @throws SendError.
 */
export const seeUpload = (address: string, passwordKey: PasswordKey | null, bytes: number): Promise<UploadSeen | null> =>
  lookAtUpload(address, bytes, webDeps(), { patienceMs: 0, passwordKey: passwordKey === null ? undefined : async () => passwordKey });

export interface ReceiveEvents {
  /** It may be paused: what was received outlives the page. */
  onKeeps(): void;
  onProgress(progress: Progress): void;
  /** How far the sender is, while it still uploads; null once it is done. */
  onUpload(seen: UploadSeen | null): void;
  /** Every byte was verified and handed to the disk. */
  onDone(result: ReceiveResult): void;
  onError(error: SendError): void;
}

export interface ReceiveHandle {
  cancel(): void;
  /** Ends with `onError`, code `paused`; another start goes on from there. Only after `onKeeps`. */
  pause(): void;
}

/**
 * Claims, downloads, verifies and saves: through a private file of the origin, or the service worker that the page
 * registered. One worker gathers, another opens and writes: a browser computes digests and ciphers on the thread that asks for them.
 *
 * @param passwordKey - what `openLink` gave.
 * @param choice - the files to save; null for all.
 * @param workerUrl - of the built transfer.worker.ts; as a TrustedScriptURL where the page enforces Trusted Types.
 */
export function startReceiving(address: string, passwordKey: PasswordKey | null, choice: Choice, events: ReceiveEvents, workerUrl: string): ReceiveHandle {
  const gatherer = new Worker(workerUrl, { type: 'module' });
  const writer = new Worker(workerUrl, { type: 'module' });
  const post = (worker: Worker, message: ToWorker, transfer: Transferable[] = []): void => worker.postMessage(message, transfer);
  const frames: HTMLIFrameElement[] = [];
  let streams: ServiceWorker | null = null;
  const end = (report: () => void): void => {
    gatherer.terminate();
    writer.terminate();
    report();
  };
  const fail = (error: SendError): void => end(() => events.onError(error));

  const hear = ({ data }: MessageEvent<FromWorker>): void => {
    switch (data.type) {
      case 'progress':
        events.onProgress(data.progress);
        break;
      case 'upload-seen':
        events.onUpload(data.seen);
        break;
      case 'stream-wanted': {
        const { port1, port2 } = new MessageChannel();
        if (mustCollect(data.bytes)) collectStream(port1, data, (file) => saveFile(file, data.name));
        else {
          const announcement: StreamAnnouncement = { type: 'stream', id: data.id, name: data.name, bytes: data.bytes, mime: data.mime };
          activeServiceWorker().then(
            (active) => {
              streams = active;
              active.postMessage(announcement, [port1]);
            },
            (thrown: unknown) => fail(asSendError(thrown, 'browser_unsupported', "the browser can't run the download")),
          );
        }
        post(writer, { type: 'stream', port: port2 }, [port2]);
        break;
      }
      case 'keeps':
        events.onKeeps();
        break;
      case 'staged':
        saveStaged(data.file, data.name, data.mime).then(
          () => post(writer, { type: 'saved' }),
          (thrown: unknown) => fail(asSendError(thrown, 'disk_failed', "couldn't hand the file over")),
        );
        break;
      case 'stream-ready':
        frames.push(openFrame(`/_stream/${data.id}`));
        break;
      case 'keep-alive':
        streams?.postMessage({ type: 'keep-alive' } satisfies StreamKeepAlive);
        break;
      case 'received':
        end(() => events.onDone(data.result));
        break;
      case 'failed':
        fail(fromPlainError(data.error));
        break;
      case 'link':
      case 'state':
      case 'sent':
      case 'note':
      case 'preview-opened':
      case 'preview-closed':
      case 'stretching':
      case 'stretched':
        break; // of workers with other jobs
    }
  };
  for (const worker of [gatherer, writer]) {
    worker.onmessage = hear;
    worker.onerror = () => fail(new SendError('internal', 'the worker could not start'));
  }
  const { port1, port2 } = new MessageChannel();
  post(writer, { type: 'write', gatherer: port2 }, [port2]);
  post(gatherer, { type: 'receive', address, passwordKey, choice, writer: port1 }, [port1]);
  return { cancel: () => post(gatherer, { type: 'cancel' }), pause: () => post(gatherer, { type: 'pause' }) };
}

export interface NoteEvents extends Omit<ReceiveEvents, 'onDone'> {
  /** The download is counted; the text may be shown. */
  onNote(text: string, result: ReceiveResult): void;
}

/** Claims and reads a note, in a worker of its own; nothing touches a disk. Parameters as for `startReceiving`. */
export function startReadingNote(address: string, passwordKey: PasswordKey | null, events: NoteEvents, workerUrl: string): ReceiveHandle {
  const worker = new Worker(workerUrl, { type: 'module' });
  const post = (message: ToWorker): void => worker.postMessage(message);
  const end = (report: () => void): void => {
    worker.terminate();
    report();
  };
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if (data.type === 'progress') events.onProgress(data.progress);
    if (data.type === 'note') end(() => events.onNote(data.text, data.result));
    if (data.type === 'failed') end(() => events.onError(fromPlainError(data.error)));
  };
  worker.onerror = () => end(() => events.onError(new SendError('internal', 'the worker could not start')));
  post({ type: 'read-note', address, passwordKey });
  return { cancel: () => post({ type: 'cancel' }), pause: () => post({ type: 'pause' }) };
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

/** @returns its bytes. */
async function saveStaged(file: string, name: string, mime: string): Promise<number> {
  const staged = await StagedFiles.open();
  const whole = await (await staged.folder.getFileHandle(file)).getFile();
  staged.close();
  saveFile(whole.slice(0, whole.size, mime), name);
  return whole.size;
}

/** Gives the browser a whole file to save. */
function saveFile(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), SAVE_WITHIN_MS);
}
