/** What a rebuild request must be beside its form: consistent in itself and with its order. */
import { KEY_BYTES, SendError, decodeB64, encodeB64, type Order, type Rebuild } from '../../shared/protocol/index.ts';

/** @throws SendError `bad_request`. */
export function checkRebuild(job: Rebuild, order: Order): void {
  const wrong = (what: string): never => {
    throw new SendError('bad_request', `malformed rebuild: ${what}`);
  };
  const { requiredShards, totalShards, lastSegment, segments, sources, targets } = job;
  if (job.transferId !== encodeB64(order.transferId)) wrong('transferId');
  if (requiredShards > totalShards) wrong('requiredShards');
  if (segments.some(({ index }, i) => i > 0 && index <= segments[i - 1]!.index)) wrong('segments');
  if (segments.at(-1)!.index > lastSegment) wrong('lastSegment');
  if (segments.some(({ roots }) => decodeB64(roots).length !== totalShards * KEY_BYTES)) wrong('roots');
  for (const seats of [sources, targets]) {
    const indexes = seats.map(({ shardIndex }) => shardIndex);
    if (new Set(indexes).size !== indexes.length || indexes.some((index) => index >= totalShards)) wrong('shardIndex');
  }
  const known = new Set(segments.map(({ index }) => index));
  if (targets.some((target) => target.segments.some((segment) => !known.has(segment)))) wrong('targets');
}
