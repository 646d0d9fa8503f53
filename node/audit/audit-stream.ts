/**
 * Proves leaves of what the node holds. docs/protocol.md §9, audit.
 *
 * Nothing is kept between audits: a shard is read and hashed anew for each leaf, 1 ms and 1 MiB of reading for the
 * largest one, once an epoch. Leaf hashes kept beside the shards would save that and hide a disk that rots.
 */
import type { ServerResponse } from 'node:http';
import { LEAF_BYTES, proveLeaf } from '../../shared/merkle/index.ts';
import { MAX_SHARD_BYTES, asTransferId, concatBytes, decodeB64, encodeProofHeader, type Audit } from '../../shared/protocol/index.ts';
import { answerHeaders } from '../api/answers.ts';
import { ClientLeft, Sink } from '../api/sink.ts';
import type { Clock } from '../clock.ts';
import type { Metrics } from '../metrics.ts';
import type { ShardStore } from '../store/shard-store.ts';

export interface AuditContext {
  readonly store: ShardStore;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

export interface AuditOutcome {
  readonly proved: number;
  readonly absent: number;
}

const ABSENT = encodeProofHeader({ held: false, hashes: 0, dataBytes: 0 });

/**
 * Answers every leaf in the order asked, from one shard's memory and at most two answers under way.
 *
 * @returns null when the one who asked left before the end.
 */
export async function streamProofs(response: ServerResponse, audit: Audit, context: AuditContext): Promise<AuditOutcome | null> {
  response.writeHead(200, answerHeaders('application/octet-stream'));
  const sink = new Sink(response, context.clock);
  const shard = new Uint8Array(MAX_SHARD_BYTES);
  let proved = 0;
  try {
    for (const leaf of audit.leaves) {
      const proof = await proofOf(leaf, shard, context.store);
      if (proof !== null) proved++;
      await sink.write(proof ?? ABSENT);
    }
    await sink.flushed();
    response.end();
  } catch (thrown) {
    response.destroy(); // an answer that ends early must not look whole
    if (!(thrown instanceof ClientLeft)) throw thrown;
    return null;
  }
  const outcome = { proved, absent: audit.leaves.length - proved };
  context.metrics.add('audited_leaves_total', outcome.proved, ['outcome', 'proved']);
  context.metrics.add('audited_leaves_total', outcome.absent, ['outcome', 'absent']);
  return outcome;
}

/** @param into - where the shard is read to. @returns header, leaf and path; null when the node does not hold it. */
async function proofOf({ transferId, segment, leaf }: Audit['leaves'][number], into: Uint8Array, store: ShardStore): Promise<Uint8Array | null> {
  const verified = await store.readVerified(asTransferId(decodeB64(transferId)), segment, into);
  if (verified === null || leaf >= verified.leafHashes.length) return null;
  const data = into.subarray(leaf * LEAF_BYTES, Math.min((leaf + 1) * LEAF_BYTES, verified.row.shardBytes));
  const path = proveLeaf(verified.leafHashes, leaf);
  return concatBytes(encodeProofHeader({ held: true, hashes: path.length, dataBytes: data.length }), data, ...path);
}
