/**
 * The service worker's part of previews: shared/client/browser/preview-protocol.ts. What strangers sent is answered as what
 * the page found it to be, from a closed list, and never to what would show it as a page of this site.
 */
import type { PartAnswer, PartRequest, PreviewHead, PreviewMime, PreviewWanted } from '../shared/client/browser/preview-protocol.ts';
import { parseRange } from './range-header.ts';

declare const self: ServiceWorkerGlobalScope;

export const PREVIEW_PREFIX = '/_preview/';
/** Checked here as well, whatever a page says. */
const TYPES: Record<PreviewMime, true> = {
  'image/png': true,
  'image/jpeg': true,
  'image/gif': true,
  'image/webp': true,
  'image/avif': true,
  'image/svg+xml': true,
  'audio/mpeg': true,
  'audio/mp4': true,
  'audio/wav': true,
  'audio/ogg': true,
  'audio/flac': true,
  'video/mp4': true,
  'video/webm': true,
  'video/ogg': true,
};
/** A page that is there answers at once. */
const ANSWER_WITHIN_MS = 10_000;
const FILE = /^file\/([\w-]{1,64})$/;
const FRAME = /^frame\/(image|audio|video)\/([\w-]{1,64})$/;

export async function answerPreview(request: Request): Promise<Response> {
  const path = new URL(request.url).pathname.slice(PREVIEW_PREFIX.length);
  const [, kind, framed] = FRAME.exec(path) ?? [];
  if (kind !== undefined && framed !== undefined) return frameOf(kind, framed);
  const [, id] = FILE.exec(path) ?? [];
  // An element of the frame asks for it; a window that would show it as a page gets nothing.
  return id === undefined || request.mode === 'navigate' ? refused(404) : fileOf(id, parseRange(request.headers.get('Range')));
}

/** No word of a stranger stands in it, and none of any language. */
function frameOf(kind: string, id: string): Response {
  const src = `${PREVIEW_PREFIX}file/${id}`;
  const element = kind === 'image' ? `<img src="${src}" alt="">` : `<${kind} src="${src}" controls preload="metadata"></${kind}>`;
  const style = 'html,body{margin:0;height:100%}body{display:grid;place-items:center}img,video{max-width:100%;max-height:100vh}audio{width:100%}';
  return new Response(`<!doctype html><html lang="zxx"><meta charset="utf-8"><title>Shardsend</title><style>${style}</style><body>${element}</body></html>`, {
    headers: {
      ...guarded(
        "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin",
      ),
      'Content-Type': 'text/html; charset=utf-8',
    },
  });
}

async function fileOf(id: string, range: PreviewWanted['range']): Promise<Response> {
  const answered = await askWindows({ type: 'preview', id, range });
  if (!answered) return refused(404);
  const { head, port } = answered;
  if ('outside' in head) {
    port.close();
    return refused(416, { 'Content-Range': `bytes */${head.bytes}` });
  }
  const { mime, bytes, from, to } = head;
  if (!Object.hasOwn(TYPES, mime)) {
    port.postMessage('cancel' satisfies PartRequest);
    return refused(415);
  }
  const headers = {
    ...guarded("default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    'Content-Type': mime,
    'Content-Length': String(to - from),
    'Accept-Ranges': 'bytes',
    ...(range ? { 'Content-Range': `bytes ${from}-${to - 1}/${bytes}` } : {}),
  };
  return new Response(streamOf(port), { status: range ? 206 : 200, headers });
}

/** @returns what the page that knows the id answers; null where none does. */
async function askWindows(wanted: PreviewWanted): Promise<{ readonly head: PreviewHead; readonly port: MessagePort } | null> {
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), ANSWER_WITHIN_MS);
    for (const window of windows) {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }: MessageEvent<PreviewHead>) => {
        clearTimeout(timer);
        resolve({ head: data, port: port1 });
      };
      window.postMessage(wanted, [port2]);
    }
  });
}

function streamOf(port: MessagePort): ReadableStream<Uint8Array> {
  const ask = (request: PartRequest): void => port.postMessage(request);
  return new ReadableStream<Uint8Array>({
    pull: (controller) =>
      new Promise<void>((resolve) => {
        port.onmessage = ({ data }: MessageEvent<PartAnswer>) => {
          if (data === 'end') controller.close();
          else if ('chunk' in data) controller.enqueue(new Uint8Array(data.chunk));
          else controller.error(new Error('the page could not open it'));
          if (data === 'end' || 'error' in data) ask('cancel');
          resolve();
        };
        ask('more');
      }),
    cancel: () => ask('cancel'),
  });
}

const guarded = (policy: string): Record<string, string> => ({
  'Content-Security-Policy': policy,
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
});

const refused = (status: number, headers: Record<string, string> = {}): Response => new Response(null, { status, headers: { 'Cache-Control': 'no-store', ...headers } });
