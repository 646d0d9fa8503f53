/** Each stage of sending alone, over the same bytes, in Node and (bundled) in a browser: MB/s of the file. */
import { deriveSegmentKey, sealRecord } from '../../shared/crypto/index.ts';
import { ErasureCodec } from '../../shared/erasure/index.ts';
import { shardRoot } from '../../shared/merkle/index.ts';
import { MAX_SHARD_BYTES, RECORD_TEXT_BYTES } from '../../shared/protocol/limits.ts';

const REQUIRED = 10;
const TOTAL = 24;
const SAFE = 14;
const SEGMENT_BYTES = REQUIRED * MAX_SHARD_BYTES;
const IN_FLIGHT = 42;

/** MB/s of the file, MB = 10^6 bytes. */
export interface StageFigures {
  read: number;
  seal: number;
  code: number;
  hash: number;
  network: number;
}

/** @param file - at least some tens of MB. @param socketUrl - acknowledges each message with one. */
export async function measureStages(file: Blob, socketUrl: string): Promise<StageFigures> {
  const segments = Math.max(4, Math.min(40, Math.floor(file.size / SEGMENT_BYTES)));
  const codec = await ErasureCodec.create({ requiredShards: REQUIRED, totalShards: TOTAL, maxShardBytes: MAX_SHARD_BYTES });
  const set = codec.slot(0);
  return {
    read: rate(file.size, await timed(() => readAll(file))),
    seal: rate(segments * SEGMENT_BYTES, await timed(() => sealAll(segments))),
    code: rate(segments * SEGMENT_BYTES, await timed(async () => repeat(segments, () => set.encode(MAX_SHARD_BYTES)))),
    hash: rate(segments * SEGMENT_BYTES, await timed(() => repeat(segments, () => Promise.all(Array.from({ length: TOTAL }, (_, i) => shardRoot(set.shard(i, MAX_SHARD_BYTES))))))),
    network: rate(segments * SEGMENT_BYTES, await sendAll(socketUrl, segments * SAFE, set.shard(0, MAX_SHARD_BYTES))),
  };
}

const rate = (bytes: number, ms: number): number => Math.round(bytes / ms / 1000);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

async function repeat(times: number, work: () => unknown): Promise<void> {
  for (let i = 0; i < times; i++) await work();
}

async function readAll(file: Blob): Promise<void> {
  const reader = file.stream().getReader();
  while (!(await reader.read()).done);
}

async function sealAll(segments: number): Promise<void> {
  const text = new Uint8Array(RECORD_TEXT_BYTES);
  for (let index = 0; index < segments; index++) {
    const key = deriveSegmentKey(new Uint8Array(32), new Uint8Array(32), index);
    for (let record = 0; record < 40; record += 8) await Promise.all(Array.from({ length: 8 }, (_, i) => sealRecord(key, record + i, false, text)));
  }
}

/** @returns milliseconds from the first message to the last acknowledgement. */
function sendAll(url: string, messages: number, bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    let sent = 0;
    let acknowledged = 0;
    let startedMs = 0;
    const pump = (): void => {
      while (sent < messages && sent - acknowledged < IN_FLIGHT) {
        socket.send(bytes);
        sent++;
      }
    };
    socket.onopen = () => {
      startedMs = performance.now();
      pump();
    };
    socket.onmessage = () => {
      if (++acknowledged < messages) return pump();
      socket.close();
      resolve(performance.now() - startedMs);
    };
    socket.onerror = () => reject(new Error('the socket failed'));
  });
}

// In the bench page: reachable for whoever drives it.
if (typeof window !== 'undefined') Object.assign(window, { measureStages });
