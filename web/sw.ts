/**
 * Turns a stream of a page into a download of the browser, so that no file is ever whole in memory. Answers only
 * `/_stream/…` and, for previews, `/_preview/…`; every other request goes its own way. The messages are those of shared/client/browser/stream-protocol.ts.
 */
import type { StreamAnnouncement, StreamAnswer, StreamLost, StreamRequest, ToStreamWorker } from '../shared/client/browser/stream-protocol.ts';

import { answerPreview, PREVIEW_PREFIX } from './preview-answers.ts';

declare const self: ServiceWorkerGlobalScope;

const PREFIX = '/_stream/';
/** Chunks asked for ahead of the disk, and how many at a time. */
const WINDOW_CHUNKS = 16;
const ASKED_AT_ONCE = 4;
/** Chunks that were read are freed so many at a time; the last ones may still be copied from. */
const FREED_AT_ONCE = 8;
const STILL_READ = 2;
/** How often a waiting download looks whether its page still exists. */
const LOOK_EVERY_MS = 5000;

interface Announced extends StreamAnnouncement {
  readonly port: MessagePort;
  /** The page, as the browser names it. */
  readonly pageId: string | null;
}
const announced = new Map<string, Announced>();
/** Ids of every stream in this life of the worker. */
const known = new Set<string>();

self.addEventListener('install', () => void self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('message', (event) => {
  const message = event.data as ToStreamWorker;
  if (message.type === 'keep-alive') {
    const { id } = message;
    if (id !== undefined && !known.has(id)) event.source?.postMessage({ type: 'stream-lost', id } satisfies StreamLost);
    return;
  }
  const port = event.ports[0];
  if (!port) return;
  known.add(message.id);
  const pageId = event.source && 'id' in event.source ? event.source.id : null;
  announced.set(message.id, { ...message, port, pageId });
  // The port is started with the request: an `end` that comes before it, as an empty file's does, waits there.
  post(port, 'ready');
});

self.addEventListener('fetch', (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (origin !== self.location.origin) return;
  if (pathname.startsWith(PREFIX)) event.respondWith(answer(pathname.slice(PREFIX.length)));
  if (pathname.startsWith(PREVIEW_PREFIX)) event.respondWith(answerPreview(event.request));
});

function answer(id: string): Response {
  const download = announced.get(id);
  announced.delete(id);
  if (!download) return new Response(null, { status: 404 });
  const headers = new Headers({
    'Content-Disposition': disposition(download.name),
    'Content-Type': /^[\w.+-]+\/[\w.+-]+$/.test(download.mime) ? download.mime : 'application/octet-stream',
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  });
  if (download.bytes !== null) headers.set('Content-Length', String(download.bytes));
  return new Response(streamOf(download), { headers });
}

/** Every way to end but `end` after the announced number of bytes errors the stream: the browser shows a failed download. */
function streamOf({ port, bytes, pageId }: Announced): ReadableStream<Uint8Array> {
  let asked = 0;
  let passed = 0;
  let over = false;
  /** All of it has come; what the browser has not read yet lies in the queue. */
  let ended = false;
  /** Of the chunks in the queue, and before them of those that were read and are not freed yet. */
  const held: ArrayBuffer[] = [];
  let watch: ReturnType<typeof setInterval> | undefined;
  const finish = () => {
    over = true;
    clearInterval(watch);
    port.close();
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const fail = () => {
          if (over || ended) return; // what still lies in the queue of a complete download must reach the disk
          post(port, 'cancel');
          finish();
          controller.error(new Error('the page ended the download'));
        };
        port.addEventListener('message', ({ data }: MessageEvent<StreamAnswer>) => {
          if (data === 'end') {
            if (bytes !== null && passed !== bytes) return fail();
            ended = true;
            return settle(controller);
          }
          if (!('chunk' in data)) return fail();
          asked--;
          passed += data.chunk.byteLength;
          if (bytes !== null && passed > bytes) return fail();
          if (data.chunk.byteLength === 0) return ask(controller);
          held.push(data.chunk);
          controller.enqueue(new Uint8Array(data.chunk));
        });
        port.addEventListener('close', fail);
        port.start();
        watch = setInterval(() => {
          if (pageId !== null) void self.clients.get(pageId).then((page) => page ?? fail());
        }, LOOK_EVERY_MS);
      },
      pull(controller) {
        const read = held.length - (WINDOW_CHUNKS - controller.desiredSize!) - STILL_READ;
        if (read >= FREED_AT_ONCE) free(held.splice(0, read));
        if (ended) settle(controller);
        else ask(controller);
      },
      cancel() {
        post(port, 'cancel');
        finish();
      },
    },
    { highWaterMark: WINDOW_CHUNKS },
  );

  /** Once the browser has read all of it. The page closes the port. */
  function settle(controller: ReadableStreamDefaultController<Uint8Array>): void {
    if (over || controller.desiredSize !== WINDOW_CHUNKS) return;
    over = true;
    clearInterval(watch);
    controller.close();
    post(port, 'ended');
  }

  function ask(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const want = (controller.desiredSize ?? 0) - asked;
    if (want <= 0 || (want < ASKED_AT_ONCE && asked > 0)) return;
    asked += want;
    post(port, { want });
  }
}

/**
 * Gives memory back at once. A collector that is busy elsewhere would let hundreds of megabytes pile up, and nothing else
 * tells it to let go: what was moved into a message dies with the channel that nobody reads.
 */
function free(chunks: ArrayBuffer[]): void {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(null, chunks);
  port1.close();
  port2.close();
}

function post(port: MessagePort, request: StreamRequest): void {
  port.postMessage(request);
}

/** RFC 6266 with RFC 5987: a plain name for old readers, the true one for the rest. What a disk minds is gone from it already. */
function disposition(name: string): string {
  const known = name.toWellFormed();
  const ascii = known.replace(/[^\u0020-\u007e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(known).replace(/['()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
