/**
 * How shards are asked for over HTTP: one request for recipients, rebuilders and visitors alike, so that no node can tell
 * by it who comes. docs/protocol.md §9.
 */
import type { Seat } from './messages.ts';

/** Both inclusive. */
export interface SegmentRange {
  readonly from: number;
  readonly to: number;
}

/** @returns what `fetch` takes; the caller adds the signal that ends it. */
export function shardRequest({ url, order }: Pick<Seat, 'url' | 'order'>, { from, to }: SegmentRange) {
  const init = {
    headers: { Authorization: `Shardsend-Order ${order}` },
    cache: 'no-store',
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
    redirect: 'error',
  } as const;
  return { url: `${url.replace(/\/$/, '')}/v1/shards?from=${from}&to=${to}`, init };
}
