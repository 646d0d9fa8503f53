/** Compares what a node lists with what it signed for, one bucket of transfers at a time. docs/protocol.md §10, inventories. */
import { ID_BYTES, decodeB64, encodeB64 } from '../../shared/protocol/bytes.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { bucketDigest, bucketOf, type Bucket, type Inventory } from '../../shared/protocol/inventory.ts';
import { INVENTORY_BUCKETS } from '../../shared/protocol/limits.ts';
import type { HoldingRow } from './holdings.ts';
import type { LossRow } from './losses.ts';

/** Transfers of a bucket that are asked for in one comparison; the others have their turn in a later epoch. */
export const MAX_UNKNOWN = 256;

/** @returns buckets whose digest is another than that of what the node signed for, ascending. */
export function differingBuckets({ buckets }: Inventory, heldIn: (bucket: number) => readonly HoldingRow[]): number[] {
  return Array.from({ length: INVENTORY_BUCKETS }, (_, bucket) => bucket).filter((bucket) => encodeB64(bucketDigest(heldIn(bucket))) !== buckets[bucket]);
}

export interface BucketTerms {
  readonly bucket: number;
  /** When the node made its list, by its own clock. */
  readonly listedAtMs: number;
  readonly nowMs: number;
  /** How far its clock, and what is under way, may be off. */
  readonly skewMs: number;
}

export interface Comparison {
  /** Listed, and nobody told this object of it: an upload in progress, or what is to go. */
  readonly unknown: readonly string[];
  /** Signed for in good time, to be held still for some time, and not listed in full. */
  readonly lacking: readonly LossRow[];
}

/** @throws SendError `bad_request` for a transfer of another bucket. */
export function compareBucket({ transfers }: Bucket, known: readonly HoldingRow[], { bucket, listedAtMs, nowMs, skewMs }: BucketTerms): Comparison {
  if (transfers.some(({ transferId }) => bucketOf(decodeB64(transferId, ID_BYTES)) !== bucket)) throw new SendError('bad_request', 'a transfer of another bucket');
  const listed = new Map(transfers.map(({ transferId, shards }) => [transferId, shards]));
  const knownIds = new Set(known.map(({ transferId }) => transferId));
  const isSettled = ({ heldAtMs, expiresAtMs }: HoldingRow): boolean => heldAtMs < listedAtMs - skewMs && expiresAtMs > nowMs + skewMs;
  const lacking = known.filter(isSettled).flatMap(({ transferId, shards, bytes, heldAtMs }): LossRow[] => {
    const heldShards = listed.get(transferId) ?? 0;
    if (heldShards >= shards) return [];
    return [{ transferId, heldShards, lostBytes: Math.ceil(bytes * (1 - heldShards / shards)), signedBytes: bytes, heldAtMs }];
  });
  return { unknown: transfers.map(({ transferId }) => transferId).filter((transferId) => !knownIds.has(transferId)), lacking };
}

/**
 * Those whose turn it is, so that a crowd that may stay never hides what is to go.
 *
 * @param draw - in [0, 1): where in the list to begin.
 */
export function takeTurns(unknown: readonly string[], draw: number): string[] {
  const from = Math.floor(draw * unknown.length);
  return [...unknown.slice(from), ...unknown.slice(0, from)].slice(0, MAX_UNKNOWN);
}
