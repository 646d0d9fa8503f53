/** From text to named shards, inside the codec's memory. docs/protocol.md §3, §4, §6. */
import { deriveSegmentKey, sealRecord, type SegmentKey } from '../../crypto/index.ts';
import type { ShardSet } from '../../erasure/index.ts';
import { shardRoot } from '../../merkle/index.ts';
import { asShardId, type ContentSecret, type ShardId } from '../../protocol/bytes.ts';
import type { SegmentLayout } from '../../protocol/layout.ts';
import { RECORD_TEXT_BYTES, TAG_SIZE_BYTES } from '../../protocol/limits.ts';
import type { ContentReader } from './content-reader.ts';

/** Records sealed at once: enough to keep the platform's crypto threads busy. */
const LANES = 8;

/** Reusable text buffers, one a lane. */
export class SealingBuffers {
  readonly lanes = Array.from({ length: LANES }, () => new Uint8Array(RECORD_TEXT_BYTES));
}

/** Reads a segment's text and seals its records into the data shards. Sequential by nature: the reader is. */
export async function sealSegment(
  set: ShardSet,
  layout: SegmentLayout,
  requiredShards: number,
  keyInput: { secret: ContentSecret; salt: Uint8Array },
  reader: ContentReader,
  buffers: SealingBuffers,
): Promise<void> {
  const key = deriveSegmentKey(keyInput.secret, keyInput.salt, layout.index);
  const running: Promise<void>[] = [];
  try {
    for (let record = 0; record < layout.recordCount; record++) {
      const lane = record % LANES;
      await running[lane];
      const text = buffers.lanes[lane]!.subarray(0, layout.recordBytes - TAG_SIZE_BYTES);
      await reader.read(text);
      const done = sealInto(set, layout, requiredShards, key, record, text);
      done.catch(() => undefined); // awaited below, or when the lane comes round
      running[lane] = done;
    }
  } finally {
    await Promise.allSettled(running); // the buffers must be free again
  }
  await Promise.all(running);
}

async function sealInto(set: ShardSet, layout: SegmentLayout, requiredShards: number, key: SegmentKey, record: number, text: Uint8Array): Promise<void> {
  const box = await sealRecord(key, record, record === layout.recordCount - 1, text);
  set.shard(record % requiredShards, layout.shardBytes).set(box, Math.floor(record / requiredShards) * layout.recordBytes);
}

/** Codes the parity of a sealed segment and names all its shards. */
export async function nameShards(set: ShardSet, shardBytes: number, totalShards: number): Promise<ShardId[]> {
  set.encode(shardBytes);
  const roots: ShardId[] = [];
  // A few shards at a time: each is a handful of digests on the platform's threads already.
  for (let i = 0; i < totalShards; i += 4) {
    const some = Array.from({ length: Math.min(4, totalShards - i) }, (_, j) => shardRoot(set.shard(i + j, shardBytes)));
    for (const root of await Promise.all(some)) roots.push(asShardId(root));
  }
  return roots;
}
