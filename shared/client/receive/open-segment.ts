/** From a segment's data shards to its text, in order. docs/protocol.md §3. */
import { OpenError, deriveSegmentKey, openRecord } from '../../crypto/index.ts';
import type { ContentSecret } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import type { SegmentLayout } from '../../protocol/layout.ts';

/** Records opened at once. */
const LANES = 8;

/**
 * @param dataShards - all k, each at the start of its buffer; must not be touched until the iteration ended.
 * @param fromRecord - those before it were opened already, or are not wanted.
 * @param toRecord - up to here, exclusive.
 * @returns the text of each record; every array is the caller's own.
 * @throws SendError `wrong_key`.
 */
export async function* openSegment(
  dataShards: readonly ArrayBuffer[],
  layout: SegmentLayout,
  keyInput: { readonly secret: ContentSecret; readonly salt: Uint8Array },
  fromRecord = 0,
  toRecord = layout.recordCount,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const key = deriveSegmentKey(keyInput.secret, keyInput.salt, layout.index);
  const open = (record: number): Promise<Uint8Array> => {
    const row = Math.floor(record / dataShards.length) * layout.recordBytes;
    const box = new Uint8Array(dataShards[record % dataShards.length]!, row, layout.recordBytes);
    const opened = openRecord(key, record, record === layout.recordCount - 1, box);
    opened.catch(() => undefined); // awaited in its turn
    return opened;
  };
  const running: Promise<Uint8Array>[] = [];
  try {
    for (let record = fromRecord; record < toRecord || running.length > 0; record++) {
      if (record < toRecord) running.push(open(record));
      if (running.length >= LANES || record >= toRecord) yield (await running.shift()!) as Uint8Array<ArrayBuffer>;
    }
  } catch (thrown) {
    if (thrown instanceof OpenError) throw new SendError('wrong_key', `segment ${layout.index} does not open`, { cause: thrown });
    throw thrown;
  } finally {
    await Promise.allSettled(running); // the shards must be free again
  }
}
