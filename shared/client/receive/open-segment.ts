/** From k verified shards to a segment's text, in order. docs/protocol.md §3, §4. */
import { OpenError, deriveSegmentKey, openRecord } from '../../crypto/index.ts';
import type { ShardSet } from '../../erasure/index.ts';
import type { Secret } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import type { SegmentLayout } from '../../protocol/layout.ts';

/** Records opened at once. */
const LANES = 8;

/** Rebuilds the data shards that `have` lacks. @param have - exactly k verified shard indexes. */
export function completeDataShards(set: ShardSet, shardBytes: number, requiredShards: number, have: readonly number[]): void {
  const want = Array.from({ length: requiredShards }, (_, i) => i).filter((index) => !have.includes(index));
  if (want.length > 0) set.reconstruct(shardBytes, have, want);
}

/**
 * @param set - holds all data shards; must not be touched until the iteration ended.
 * @returns the text of each record; every array is the caller's own.
 * @throws SendError `wrong_key`.
 */
export async function* openSegment(
  set: ShardSet,
  layout: SegmentLayout,
  requiredShards: number,
  keyInput: { secret: Secret; salt: Uint8Array },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const key = deriveSegmentKey(keyInput.secret, keyInput.salt, layout.index);
  const open = (record: number): Promise<Uint8Array> => {
    const row = Math.floor(record / requiredShards) * layout.recordBytes;
    const box = set.shard(record % requiredShards, layout.shardBytes).subarray(row, row + layout.recordBytes);
    const opened = openRecord(key, record, record === layout.recordCount - 1, box);
    opened.catch(() => undefined); // awaited in its turn
    return opened;
  };
  const running: Promise<Uint8Array>[] = [];
  try {
    for (let record = 0; record < layout.recordCount || running.length > 0; record++) {
      if (record < layout.recordCount) running.push(open(record));
      if (running.length >= LANES || record >= layout.recordCount) yield (await running.shift()!) as Uint8Array<ArrayBuffer>;
    }
  } catch (thrown) {
    if (thrown instanceof OpenError) throw new SendError('wrong_key', `segment ${layout.index} does not open`, { cause: thrown });
    throw thrown;
  } finally {
    await Promise.allSettled(running); // the slot must be free again
  }
}
