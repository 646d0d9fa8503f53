/**
 * The page's own end of a download's stream (stream-protocol.ts) where the service worker's would leave half a file:
 * WebKitGTK writes what a service worker streams straight under its final name, and deletes nothing when the stream
 * fails. Here the disk sees the file once it is whole.
 */
import type { StreamAnnouncement, StreamAnswer, StreamRequest } from './stream-protocol.ts';

/** What this may hold in memory; a larger download goes through the service worker all the same. */
export const MAX_COLLECTED_BYTES = 512 * 1024 * 1024;
const WINDOW_CHUNKS = 16;

/** Engines with the fault do not know `navigator.storage` either; every other engine does, where it has service workers. */
export const mustCollect = (bytes: number | null): boolean => bytes !== null && bytes <= MAX_COLLECTED_BYTES && !('storage' in navigator);

/** @param save - gets the file, once and only when all of it has come. */
export function collectStream(port: MessagePort, { bytes, mime }: Pick<StreamAnnouncement, 'bytes' | 'mime'>, save: (file: Blob) => void): void {
  let chunks: ArrayBuffer[] = [];
  let passed = 0;
  const ask = (want: number): void => port.postMessage({ want } satisfies StreamRequest);
  port.onmessage = ({ data }: MessageEvent<StreamAnswer>) => {
    if (data !== 'end' && 'chunk' in data) {
      chunks.push(data.chunk);
      passed += data.chunk.byteLength;
      return ask(1);
    }
    const isWhole = data === 'end' && passed === bytes;
    if (isWhole) save(new Blob(chunks, { type: mime }));
    port.postMessage((isWhole ? 'ended' : 'cancel') satisfies StreamRequest);
    chunks = [];
  };
  ask(WINDOW_CHUNKS);
}
