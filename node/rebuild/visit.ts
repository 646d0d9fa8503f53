/**
 * A visit: the node goes to others as a recipient would, and says which of them did not serve what they signed for. It
 * asks for all that follows, like a recipient, and leaves when it has what the job names. docs/protocol.md §9.
 */
import { shardRoot } from '../../shared/merkle/index.ts';
import { KEY_BYTES, SendError, decodeB64, equalBytes, type ErrorCode, type Problem, type Rebuild, type RebuildReport, type Seat } from '../../shared/protocol/index.ts';
import type { JobTerms } from './job-terms.ts';
import { ShardSource, longestShardMs } from './shard-source.ts';

/** Asks every source for every segment. Never rejects for what a source does. */
export async function runVisit(job: Rebuild, terms: JobTerms): Promise<RebuildReport> {
  const met = await Promise.all(job.sources.map(async (seat): Promise<Problem | null> => problemOf(seat, await callOn(seat, job, terms))));
  return { jobId: job.jobId, receipts: [], problems: met.filter((problem) => problem !== null) };
}

const problemOf = ({ shardIndex }: Seat, code: ErrorCode | null): Problem | null => (code === null ? null : { shardIndex, code });

/** @returns null when it served everything, or as much as the time allowed. */
async function callOn(seat: Seat, { segments, lastSegment }: Rebuild, { clock, silenceMs, reportAtMs }: JobTerms): Promise<ErrorCode | null> {
  const wanted = new Map(segments.map((segment) => [segment.index, segment]));
  const [first, last] = [segments[0]!.index, segments.at(-1)!.index];
  let source: ShardSource | null = null;
  let served = 0;
  try {
    source = await ShardSource.open(seat, { from: first, to: lastSegment }, { clock, silenceMs });
    for (let index = first; index <= last; index++) {
      // Who is slow has served all the same; who gave nothing has not.
      if (served > 0 && clock.nowMs() + longestShardMs(silenceMs) > reportAtMs) return null;
      source.beginShard();
      const frame = await source.nextFrame();
      if (frame.segment !== index) return 'bad_request';
      const segment = wanted.get(index);
      if (segment === undefined) {
        if (frame.held) await source.read(null);
        continue;
      }
      if (!frame.held) return 'shard_absent';
      if (frame.shardBytes !== segment.shardBytes || frame.shardIndex !== seat.shardIndex) return 'shard_mismatch';
      const bytes = new Uint8Array(frame.shardBytes);
      await source.read(bytes);
      if (!equalBytes(await shardRoot(bytes), rootAt(segment.roots, seat.shardIndex))) return 'shard_mismatch';
      served++;
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
