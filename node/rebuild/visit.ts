/**
 * A visit: the node goes to others as a client would, and says which of them did not serve what they signed for. The
 * visited cannot tell it from a download. docs/protocol.md §9.
 */
import { shardRoot } from '../../shared/merkle/index.ts';
import { KEY_BYTES, SendError, decodeB64, equalBytes, type ErrorCode, type Problem, type Rebuild, type RebuildReport, type Seat } from '../../shared/protocol/index.ts';
import { ShardSource } from './shard-source.ts';

/** Asks every source for every segment. Never rejects for what a source does. @param silenceMs - patience with each. */
export async function runVisit(job: Rebuild, silenceMs: number): Promise<RebuildReport> {
  const met = await Promise.all(job.sources.map(async (seat): Promise<Problem | null> => problemOf(seat, await callOn(seat, job, silenceMs))));
  return { jobId: job.jobId, receipts: [], problems: met.filter((problem) => problem !== null) };
}

const problemOf = ({ shardIndex }: Seat, code: ErrorCode | null): Problem | null => (code === null ? null : { shardIndex, code });

/** @returns null when it served everything. */
async function callOn(seat: Seat, { segments }: Rebuild, silenceMs: number): Promise<ErrorCode | null> {
  let source: ShardSource | null = null;
  try {
    source = await ShardSource.open(seat, segments[0]!.index, segments.at(-1)!.index, silenceMs);
    const wanted = new Map(segments.map((segment) => [segment.index, segment]));
    for (let index = segments[0]!.index; index <= segments.at(-1)!.index; index++) {
      source.beginShard();
      const frame = await source.nextFrame();
      if (frame.segment !== index) return 'bad_request';
      const segment = wanted.get(index);
      if (segment !== undefined && !frame.held) return 'shard_absent';
      if (segment === undefined) {
        if (frame.held) await source.read(null);
        continue;
      }
      if (frame.shardBytes !== segment.shardBytes || frame.shardIndex !== seat.shardIndex) return 'shard_mismatch';
      const bytes = new Uint8Array(frame.shardBytes);
      await source.read(bytes);
      if (!equalBytes(await shardRoot(bytes), rootAt(segment.roots, seat.shardIndex))) return 'shard_mismatch';
    }
    return null;
  } catch (thrown) {
    if (!(thrown instanceof SendError)) throw thrown;
    return thrown.code;
  } finally {
    source?.close();
  }
}

const rootAt = (roots: string, shardIndex: number): Uint8Array => decodeB64(roots).subarray(shardIndex * KEY_BYTES, (shardIndex + 1) * KEY_BYTES);
