/** What a browser asks for of a preview. RFC 9110 §14.2. */
import type { PreviewWanted } from '../shared/client/browser/preview-protocol.ts';

/** @returns null for a header that is not one plain range: the whole file is an answer to that. */
export function parseRange(header: string | null): PreviewWanted['range'] {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  return from === '' && to === '' ? null : { from: from === '' ? null : Number(from), to: to === '' ? null : Number(to) };
}
