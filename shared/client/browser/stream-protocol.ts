/**
 * The messages between a page and the service worker (web/sw.ts) that turns a stream into a download. Types only.
 *
 * 1. The page posts `StreamAnnouncement` to the active worker and transfers one end of a MessageChannel with it.
 * 2. The worker answers `ready` on that port; the page then opens `STREAM_PATH + id` in a hidden frame.
 * 3. The worker posts `{want}`, how many more chunks it wants, several ahead; the page answers with so many, in order,
 *    and after the last with `end` or, when it failed, with `{error: true}`: the browser then shows a failed
 *    download. Where `bytes` was announced, an `end` after another number of bytes fails it too.
 * 4. `ended` says that the browser has taken all of it; until then a worker that is stopped leaves a part.
 * 5. `cancel` says that the person stopped the download in the browser, or that its end does not fit; nothing is wanted after it.
 *
 * An id serves one request; the worker keeps nothing on a disk and forgets everything when it is stopped. A browser that
 * stops it in the middle tells nobody, and Firefox gives what was saved until then its final name: a keep-alive for a
 * stream of an earlier life is answered with `stream-lost`, to the page.
 */

/** `/_stream/`: the only addresses that the worker answers. */
export type StreamPath = `/_stream/${string}`;

/** To the worker itself, with the port: announces one download. */
export interface StreamAnnouncement {
  readonly type: 'stream';
  /** Unguessable and used once; URL-safe characters. */
  readonly id: string;
  /** The name to save under, one component, as `portablePath` makes it harmless. */
  readonly name: string;
  /** Exact length, or null when unknown. Known lengths let the browser tell a truncated file. */
  readonly bytes: number | null;
  /** A media type, or empty. */
  readonly mime: string;
}

/**
 * To the worker itself, at least every 10 s while a download runs: messages on a port do not keep a worker alive in
 * Firefox, which stops one after 30 s without an event and would cut the file.
 */
export interface StreamKeepAlive {
  readonly type: 'keep-alive';
  /** Of the stream that it is for; left out where there is none. */
  readonly id?: string;
}

/** From the worker itself, to the page: it was stopped since this stream was announced. */
export interface StreamLost {
  readonly type: 'stream-lost';
  readonly id: string;
}

export type ToStreamWorker = StreamAnnouncement | StreamKeepAlive;
export type FromStreamWorker = StreamLost;

/** On the port, to the page. */
export type StreamRequest = 'ready' | { readonly want: number } | 'ended' | 'cancel';

/** On the port, to the worker; the buffer of a chunk is transferred. */
export type StreamAnswer = { readonly chunk: ArrayBuffer } | 'end' | { readonly error: true };
