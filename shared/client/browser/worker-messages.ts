/** What a page and its transfer workers say to each other. */
import type { PasswordKey } from '../../crypto/index.ts';
import { SendError, asSendError, type ErrorCode } from '../../protocol/errors.ts';
import type { FileOrigin } from './file-handles.ts';
import type { FilePart } from './preview-protocol.ts';
import type { Choice } from '../receive/selection.ts';
import type { CreatedTransfer, Progress, ReceiveResult, SendOptions, SendResult, UploadSeen, UploadState } from '../types.ts';

export interface FileToSend {
  readonly path: string;
  readonly file: File;
  /** Where it lies, if the browser says. */
  readonly origin?: FileOrigin;
}

/** One job a worker; the first message starts it. */
export type ToWorker =
  | { readonly type: 'send'; readonly files: readonly FileToSend[]; readonly options: SendOptions }
  /** Goes on with an upload that this browser keeps. */
  | { readonly type: 'resume'; readonly files: readonly FileToSend[]; readonly transferId: string }
  /** An upload waits until it is told to proceed. */
  | { readonly type: 'halt' }
  | { readonly type: 'proceed' }
  | { readonly type: 'online'; readonly online: boolean }
  /** Gathers a transfer; the port leads to the worker that opens and writes it. */
  | { readonly type: 'receive'; readonly address: string; readonly passwordKey: PasswordKey | null; readonly choice: Choice; readonly writer: MessagePort }
  /** Gathers and opens a note, all in one worker. */
  | { readonly type: 'read-note'; readonly address: string; readonly passwordKey: PasswordKey | null }
  /** Opens a transfer for previews. */
  | { readonly type: 'preview'; readonly address: string; readonly passwordKey: PasswordKey | null }
  /** Then, as often as wanted: hands part of a file over the port, as preview-protocol.ts says. */
  | { readonly type: 'serve'; readonly part: FilePart; readonly port: MessagePort }
  /** Opens and writes what comes over the port. `isServed`: a service worker streams what is not staged. */
  | { readonly type: 'write'; readonly gatherer: MessagePort; readonly isServed: boolean }
  /** Answers `stream-wanted`; the port leads to the service worker. */
  | { readonly type: 'stream'; readonly port: MessagePort }
  /** Answers `staged`. */
  | { readonly type: 'saved' }
  /** Makes the key of a password, for the salt of the link that asks. */
  | { readonly type: 'stretch'; readonly password: string; readonly salt: Uint8Array }
  | { readonly type: 'cancel' }
  /** Stops a download so that it can go on from there. */
  | { readonly type: 'pause' };

export type FromWorker =
  /** The transfer has begun. `isKept`: this machine remembers it. */
  | { readonly type: 'link'; readonly created: CreatedTransfer; readonly isKept: boolean }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'state'; readonly state: UploadState }
  | { readonly type: 'upload-seen'; readonly seen: UploadSeen | null }
  | { readonly type: 'sent'; readonly result: SendResult }
  /** 0 to 1. */
  | { readonly type: 'stretching'; readonly fraction: number }
  | { readonly type: 'stretched'; readonly key: PasswordKey }
  | { readonly type: 'received'; readonly result: ReceiveResult }
  /** Parts may be asked for. */
  | { readonly type: 'preview-opened' }
  /** The claim of previews was given back. */
  | { readonly type: 'preview-closed' }
  | { readonly type: 'note'; readonly text: string; readonly result: ReceiveResult }
  /** The page announces a download to the service worker and hands back its port. */
  | { readonly type: 'stream-wanted'; readonly id: string; readonly name: string; readonly bytes: number | null; readonly mime: string }
  | { readonly type: 'stream-ready'; readonly id: string }
  /** What is received outlives the page. */
  | { readonly type: 'keeps' }
  /** The page gives the browser this file of `StagedFiles`, and answers. */
  | { readonly type: 'staged'; readonly file: string; readonly name: string; readonly mime: string }
  /** A dedicated worker's timers run at full pace where a hidden page's do not. */
  | { readonly type: 'keep-alive' }
  /** `unfinished`: the id of an upload that can be resumed. */
  | { readonly type: 'failed'; readonly error: PlainError; readonly unfinished?: string | null };

/** A SendError as structured cloning carries it. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryAfterSeconds: number | undefined;
}

export function toPlainError(thrown: unknown): PlainError {
  const { code, message, retryAfterSeconds } = asSendError(thrown, 'internal', 'unexpected failure');
  return { code, message, retryAfterSeconds };
}

export const fromPlainError = ({ code, message, retryAfterSeconds }: PlainError): SendError => new SendError(code, message, { retryAfterSeconds });
