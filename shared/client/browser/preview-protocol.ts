/**
 * Types and ranges, for the page; the service worker, which is one file alone, takes the types only.
 *
 * How a preview reaches an element such as `<video>`: the page shows a frame that runs no script, and the service worker
 * (web/sw.ts) answers what the frame asks for with what the page opens. The service worker remembers nothing, so that it
 * may be stopped at any moment.
 *
 * 1. The page gives a file an unguessable id and shows `/_preview/frame/<kind>/<id>`, a document of the service worker's
 *    own, whose one element asks for `/_preview/file/<id>`, mostly with a range.
 * 2. The service worker posts `PreviewWanted` to every window of this site, each with a port; the page that knows the id
 *    answers on it with `PreviewHead`, the others not at all.
 * 3. The service worker asks for `more` chunk by chunk; the page's worker answers with `{chunk}`, and after the last with
 *    `end` or, where it failed, with `{error: true}`. `cancel` says that no more is wanted.
 */

export type PreviewPath = `/_preview/${'frame/image' | 'frame/audio' | 'frame/video'}/${string}`;

/** What a browser may be told that a file is: nothing else is ever served as a preview. */
export type PreviewMime = `image/${'png' | 'jpeg' | 'gif' | 'webp' | 'avif' | 'svg+xml'}` | `audio/${'mpeg' | 'mp4' | 'wav' | 'ogg' | 'flac'}` | `video/${'mp4' | 'webm' | 'ogg'}`;

/** Part of a file. */
export interface FilePart {
  /** Index in the manifest. */
  readonly file: number;
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** To a window, with a port. */
export interface PreviewWanted {
  readonly type: 'preview';
  readonly id: string;
  /** As `Range: bytes=from-to` has it, `to` inclusive; `from` null for the last `to` bytes; null for all. */
  readonly range: { readonly from: number | null; readonly to: number | null } | null;
}

/** On the port, to the service worker: what it gets, or that the range lies outside of the file. */
export type PreviewHead = { readonly mime: PreviewMime; readonly bytes: number; readonly from: number; readonly to: number } | { readonly outside: true; readonly bytes: number };

/** On the port, to the page. */
export type PartRequest = 'more' | 'cancel';

/** On the port, from the page's worker; the buffer of a chunk is transferred. */
export type PartAnswer = { readonly chunk: ArrayBuffer } | 'end' | { readonly error: true };

/** What a range means for a file: RFC 9110 §14.1.2. `to` of the result is exclusive. @returns null where it lies outside. */
export function resolveRange(range: PreviewWanted['range'], bytes: number): { readonly from: number; readonly to: number } | null {
  if (!range) return { from: 0, to: bytes };
  const { from, to } = range;
  if (from === null) return to === null || to === 0 || bytes === 0 ? null : { from: Math.max(0, bytes - to), to: bytes };
  if (from >= bytes || (to !== null && to < from)) return null;
  return { from, to: Math.min(bytes, (to ?? bytes) + (to === null ? 0 : 1)) };
}
