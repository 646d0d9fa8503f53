/** Receiving in a page: workers do the work, the page hears of progress and opens the frame that becomes the download. */
import type { PasswordKey } from '../../crypto/index.ts';
import { SendError, asSendError } from '../../protocol/errors.ts';
import { webDeps } from '../deps.ts';
import type { PasswordKeySource } from '../link-keys.ts';
import { lookAtUpload, openTransfer } from '../receive/open-transfer.ts';
import type { Choice } from '../receive/selection.ts';
import { commitAgain } from '../receive/commit-again.ts';
import { OVER, forgetLeftover, leftoverBytes, leftoverHandedOver, wholeLeftover } from './leftovers.ts';
import type { Progress, ReceiveResult, TransferInfo, UploadSeen } from '../types.ts';
import { stretchInWorker } from './stretch.ts';
import { saveFile, saveStaged } from './save-file.ts';
import { ServedStream } from './served-stream.ts';
import { MAX_COLLECTED_BYTES, collectStream, mustCollect } from './stream-collect.ts';
import type { StreamAnnouncement } from './stream-protocol.ts';
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
/** Downloads that are begun again by themselves, each after the browser stopped the worker that served the one before. */
const MOST_RESTARTS = 3;

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
  /** The browser broke the saving off, and may call what it has a finished download; it begins again, unless the person stopped it. */
  onHalf(): void;
  /** Every byte was verified and handed to the disk. */
  onDone(result: ReceiveResult): void;
  onError(error: SendError): void;
}

export interface ReceiveHandle {
  cancel(): void;
  /** Ends with `onError`, code `paused`; another start goes on from there. Only after `onKeeps`. */
  pause(): void;
}

/** What a page saves with. */
export interface SavingPage {
  /** Of the built transfer.worker.ts; as a TrustedScriptURL where the page enforces Trusted Types. */
  readonly workerUrl: string;
  /** Whether it registered a service worker that streams downloads (stream-protocol.ts). An extension's pages have none. */
  readonly isServed: boolean;
}

/**
 * Claims, downloads, verifies and saves: through private files of the origin, or the page's service worker. One worker gathers, another opens and writes: a browser computes digests and ciphers on the thread that asks for them.
 *
 * @param passwordKey - what `openLink` gave.
 * @param choice - the files to save; null for all.
 */
export function startReceiving(address: string, passwordKey: PasswordKey | null, choice: Choice, events: ReceiveEvents, page: SavingPage): ReceiveHandle {
  let restarts = 0;
  const begin = (): ReceiveHandle => receiveOnce(address, passwordKey, choice, { ...events, onLost }, page);
  const onLost = (): void => {
    if (restarts++ < MOST_RESTARTS) attempt = begin();
    else events.onError(new SendError('disk_failed', 'the browser stops its download worker'));
  };
  let attempt = begin();
  return { cancel: () => attempt.cancel(), pause: () => attempt.pause() };
}

interface AttemptEvents extends ReceiveEvents {
  /** The browser stopped its service worker in the middle. What was staged stays; all else is wound up. */
  onLost(): void;
}

function receiveOnce(address: string, passwordKey: PasswordKey | null, choice: Choice, events: AttemptEvents, { workerUrl, isServed }: SavingPage): ReceiveHandle {
  const gatherer = new Worker(workerUrl, { type: 'module' });
  const writer = new Worker(workerUrl, { type: 'module' });
  const post = (worker: Worker, message: ToWorker, transfer: Transferable[] = []): void => worker.postMessage(message, transfer);
  let served: ServedStream | null = null;
  let keeps = false;
  let isLost = false;
  let stopped: 'cancel' | 'pause' | null = null;
  const end = (report: () => void): void => {
    served?.close();
    gatherer.terminate();
    writer.terminate();
    report();
  };
  const fail = (error: SendError): void => end(() => events.onError(error));
  /** A person who stopped it before or stops it meanwhile has stopped it: it does not begin again. */
  const lose = (): void => {
    events.onHalf();
    if (isLost || stopped !== null) return;
    isLost = true;
    post(gatherer, { type: keeps ? 'pause' : 'cancel' });
  };
  const stop = (type: 'cancel' | 'pause'): void => {
    stopped = type;
    post(gatherer, { type });
  };

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
        const mayCollect = isServed ? mustCollect(data.bytes) : data.bytes !== null && data.bytes <= MAX_COLLECTED_BYTES;
        if (!mayCollect && !isServed) return fail(new SendError('browser_unsupported', 'no place for a download of this size'));
        if (mayCollect) collectStream(port1, data, (file) => saveFile(file, data.name));
        else {
          const announcement: StreamAnnouncement = { type: 'stream', id: data.id, name: data.name, bytes: data.bytes, mime: data.mime };
          ServedStream.announce(announcement, port1, lose).then(
            (stream) => (served = stream),
            (thrown: unknown) => fail(asSendError(thrown, 'browser_unsupported', "the browser can't run the download")),
          );
        }
        post(writer, { type: 'stream', port: port2 }, [port2]);
        break;
      }
      case 'keeps':
        keeps = true;
        events.onKeeps();
        break;
      case 'staged':
        saveStaged(data.file, data.name, data.mime).then(
          () => post(writer, { type: 'saved' }),
          (thrown: unknown) => fail(asSendError(thrown, 'disk_failed', "couldn't hand the file over")),
        );
        break;
      case 'stream-ready':
        served?.open();
        break;
      case 'keep-alive':
        served?.keepAlive();
        break;
      case 'received':
        end(() => events.onDone(data.result));
        break;
      case 'failed':
        if (isLost && stopped === null) end(events.onLost);
        // It was only paused when its worker was lost.
        else if (isLost && keeps && stopped === 'cancel') void forgetLeftover(address).finally(() => fail(new SendError('cancelled')));
        else fail(fromPlainError(data.error));
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
  post(writer, { type: 'write', gatherer: port2, isServed }, [port2]);
  post(gatherer, { type: 'receive', address, passwordKey, choice, writer: port1 }, [port1]);
  return { cancel: () => stop('cancel'), pause: () => stop('pause') };
}

export interface NoteEvents extends Omit<ReceiveEvents, 'onDone' | 'onHalf'> {
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
