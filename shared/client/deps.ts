/** What sending and receiving need from the outside: network, clock and randomness come in as arguments. */
import { SendError } from '../protocol/errors.ts';
import type { ManifestFile } from '../protocol/manifest.ts';

/** The part of the browsers' WebSocket that is used. Messages are binary. */
export interface SocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  /** Must have copied `data` when it returns. */
  send(data: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

export interface ClientDeps {
  fetch(input: string, init?: RequestInit): Promise<Response>;
  /** @param url - ws: or wss:. */
  openSocket(url: string): SocketLike;
  /** Milliseconds since 1970. */
  now(): number;
  randomBytes(length: number): Uint8Array;
  /** Resolves after `ms`; rejects with SendError `cancelled` when the signal aborts. */
  delay(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A file to be sent. */
export interface SourceFile {
  /** Components joined with `/`. */
  readonly path: string;
  readonly bytes: number;
  readonly type: string;
  readonly modifiedMs: number | null;
  /** The file's bytes from `offset` to its end. */
  open(offset: number): ReadableStream<Uint8Array>;
  /** Called when the last byte was read. @throws SendError `file_changed`. */
  verifyUnchanged?(): Promise<void>;
}

/** Where one received file goes. Only `abort` may overlap another call, which then may fail; nothing counts before `close` resolved. */
export interface FileSink {
  /** The sink may keep or transfer `chunk`. */
  write(chunk: Uint8Array<ArrayBuffer>): Promise<void>;
  close(): Promise<void>;
  abort(reason: unknown): Promise<void>;
}

/** What an earlier try of the same download left behind. */
export interface Leftover {
  /** Whole segments whose text is there, from the transfer's first on. */
  readonly segments: number;
  /** The claim under which they were fetched. */
  readonly claimId: string;
}

/** Where received files go, one after another in the manifest's order. */
export interface ReceiveSink {
  /** Asked first, once. A sink without it begins anew each time. */
  leftover?(): Promise<Leftover | null>;
  /** Called before the first file. @param claimId - what a later try may go on with. */
  begin?(claimId: string): Promise<void>;
  /** @param offset - bytes of the file that are left over. All files are opened, also those of which nothing is missing. */
  openFile(file: ManifestFile, index: number, offset: number): Promise<FileSink>;
  /** Between two writes: the text of so many segments is written. May make that durable for a later try. */
  checkpoint?(segments: number): Promise<void>;
  /** Called once after the last file closed; the transfer is complete when it resolves. */
  finish?(): Promise<void>;
  /** Called once, after the download was counted. */
  handOver?(): Promise<void>;
  /** Called once, at any moment, when the transfer failed: whatever waits in the sink must end. `isKept` says whether a later try goes on. */
  abort?(reason: unknown): Promise<void>;
}

/** Whether what came so far is of use to a later try: not where the person gave it up, the transfer is over, or something is wrong with it. */
export const isKept = (reason: unknown): boolean => reason instanceof SendError && reason.retryable && reason.code !== 'cancelled';

/** Deps of any program with the web's own fetch, WebSocket and crypto. */
export function webDeps(): ClientDeps {
  return {
    fetch: (input, init) => fetch(input, init),
    openSocket: (url) => new WebSocket(url) as unknown as SocketLike,
    now: () => Date.now(),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    delay: abortableDelay,
  };
}

export function abortableDelay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => {
      clearTimeout(timer);
      reject(new SendError('cancelled'));
    };
    if (signal?.aborted) return reject(new SendError('cancelled'));
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', cancel);
      resolve();
    }, ms);
    signal?.addEventListener('abort', cancel, { once: true });
  });
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new SendError('cancelled');
}
