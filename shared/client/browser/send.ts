/**
 * Sending from a page. Everything heavy runs in a Web Worker of its own, so that a hidden or busy tab loses no speed;
 * what is here returns at once, reports through events, and never throws.
 */
import { SendError } from '../../protocol/errors.ts';
import type { CreatedTransfer, Progress, SendOptions, SendResult } from '../types.ts';
import { fromPlainError, type FileToSend, type FromWorker, type ToWorker } from './worker-messages.ts';

export interface SendEvents {
  /** The link, before the first byte leaves, and whether this machine remembers the transfer; it serves a recipient from then on. */
  onLink?(created: CreatedTransfer, isKept: boolean): void;
  onProgress(progress: Progress): void;
  onDone(result: SendResult): void;
  /** Also with code `cancelled`, after `cancel`. */
  onError(error: SendError): void;
}

export interface SendHandle {
  cancel(): void;
}

/** @param workerUrl - of the built transfer.worker.ts; as a TrustedScriptURL where the page enforces Trusted Types. */
export function startSending(files: readonly FileToSend[], options: SendOptions, events: SendEvents, workerUrl: string): SendHandle {
  const worker = new Worker(workerUrl, { type: 'module' });
  const post = (message: ToWorker): void => worker.postMessage(message);
  const end = (report: () => void): void => {
    worker.terminate();
    report();
  };
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if (data.type === 'link') events.onLink?.(data.created, data.isKept);
    if (data.type === 'progress') events.onProgress(data.progress);
    if (data.type === 'sent') end(() => events.onDone(data.result));
    if (data.type === 'failed') end(() => events.onError(fromPlainError(data.error)));
  };
  worker.onerror = () => end(() => events.onError(new SendError('internal', 'the worker could not start')));
  post({ type: 'send', files: files.map(({ path, file }) => ({ path, file })), options });
  return { cancel: () => post({ type: 'cancel' }) };
}
