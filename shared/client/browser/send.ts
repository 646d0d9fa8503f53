/**
 * Sending from a page. Everything heavy runs in a Web Worker of its own, so that a hidden or busy tab loses no speed;
 * what is here returns at once, reports through events, and never throws.
 */
import { SendError } from '../../protocol/errors.ts';
import type { CreatedTransfer, Progress, SendOptions, SendResult, UploadState } from '../types.ts';
import { fromPlainError, type FileToSend, type FromWorker, type ToWorker } from './worker-messages.ts';

export interface SendEvents {
  /** The link, before the first byte leaves, and whether this machine remembers the transfer; it serves recipients from then on. */
  onLink(created: CreatedTransfer, isKept: boolean): void;
  onState(state: UploadState): void;
  onProgress(progress: Progress): void;
  onDone(result: SendResult): void;
  /** Also with code `cancelled`, after `cancel`. @param unfinished - id of the transfer where it can be resumed. */
  onError(error: SendError, unfinished: string | null): void;
}

export interface SendHandle {
  /** Gives the transfer up: it is withdrawn. */
  cancel(): void;
  pause(): void;
  proceed(): void;
}

/** @param workerUrl - of the built transfer.worker.ts; as a TrustedScriptURL where the page enforces Trusted Types. */
export const startSending = (files: readonly FileToSend[], options: SendOptions, events: SendEvents, workerUrl: string): SendHandle =>
  start({ type: 'send', files: files.map(plain), options }, events, workerUrl);

/** Goes on with an upload that this browser keeps. @param files - chosen again, in any order. */
export const resumeSending = (transferId: string, files: readonly FileToSend[], events: SendEvents, workerUrl: string): SendHandle =>
  start({ type: 'resume', files: files.map(plain), transferId }, events, workerUrl);

/** Of a reactive list: a worker is told plain values. */
const plain = ({ path, file, origin }: FileToSend): FileToSend => ({ path, file, ...(origin ? { origin } : {}) });

function start(job: ToWorker, events: SendEvents, workerUrl: string): SendHandle {
  const worker = new Worker(workerUrl, { type: 'module' });
  const post = (message: ToWorker): void => worker.postMessage(message);
  const watched = new AbortController();
  for (const name of ['online', 'offline'] as const) addEventListener(name, () => post({ type: 'online', online: name === 'online' }), { signal: watched.signal });
  const end = (report: () => void): void => {
    worker.terminate();
    watched.abort();
    report();
  };
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if (data.type === 'link') events.onLink(data.created, data.isKept);
    if (data.type === 'state') events.onState(data.state);
    if (data.type === 'progress') events.onProgress(data.progress);
    if (data.type === 'sent') end(() => events.onDone(data.result));
    if (data.type === 'failed') end(() => events.onError(fromPlainError(data.error), data.unfinished ?? null));
  };
  worker.onerror = () => end(() => events.onError(new SendError('internal', 'the worker could not start'), null));
  post(job);
  return { cancel: () => post({ type: 'cancel' }), pause: () => post({ type: 'halt' }), proceed: () => post({ type: 'proceed' }) };
}
