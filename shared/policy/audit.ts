/**
 * Which leaves a node must prove in an epoch, and what its answers count. The choice follows from a beacon that nobody
 * could foresee and everybody can recompute, so that neither node nor coordinator can arrange it.
 *
 * Beacon: `H` of the coordinator's Ed25519 signature over the epoch's number, which is deterministic (RFC 8032) and
 * unknown until published. A public register may provide another; nothing here depends on where it comes from.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { ByteWriter, KEY_BYTES, concatBytes, utf8, type NodeId } from '../protocol/bytes.ts';
import { LEAF_SIZE_BYTES } from '../protocol/limits.ts';
import type { Standing } from './standing.ts';

const BEACON_LABEL = utf8('shardsend/1 beacon\0');
const AUDIT_LABEL = utf8('shardsend/1 audit');

/** Leaves of one audit. 16 find 10% missing after five epochs (median), and 64 prove it four epochs later; of 64 KiB each they carry 1 and 4 MiB. */
export const LEAVES_PER_AUDIT = 16;
export const LEAVES_PER_QUARANTINE_AUDIT = 64;
/** So many drawings per leaf, then the audit is as large as it has become: a bound where nearly all bytes lie in few leaves. */
const DRAWS_PER_LEAF = 4;

export const leavesPerAudit = (standing: Standing): number => (standing === 'quarantined' ? LEAVES_PER_QUARANTINE_AUDIT : LEAVES_PER_AUDIT);

/** @param epochMs - length of an epoch: an hour, or less where a network under test compresses its clock. */
export const epochAt = (nowMs: number, epochMs: number): number => Math.floor(nowMs / epochMs);

/** What the coordinator signs for an epoch: label ‖ u64 epoch. */
export const beaconMessage = (epoch: number): Uint8Array<ArrayBuffer> => concatBytes(BEACON_LABEL, new ByteWriter(8).u64(epoch).done());

/** @param signature - 64 bytes, verified over `beaconMessage`. @returns 32 bytes. */
export const beaconOf = (signature: Uint8Array): Uint8Array => sha256(signature);

/** @returns 32 bytes: `H("shardsend/1 audit" ‖ beacon ‖ node id ‖ u64 epoch)`. */
export function auditSeed(beacon: Uint8Array, nodeId: NodeId, epoch: number): Uint8Array {
  if (beacon.length !== KEY_BYTES) throw new RangeError('a beacon has 32 bytes');
  return sha256(concatBytes(AUDIT_LABEL, beacon, nodeId, new ByteWriter(8).u64(epoch).done()));
}

/** A run of consecutive segments of one transfer whose shards the node has signed for. */
export interface Holding {
  /** b64. */
  readonly transferId: string;
  readonly shardIndex: number;
  readonly firstSegment: number;
  /** At least 1. */
  readonly segmentCount: number;
  /** Bytes of each shard of the run but the last, and of the last; both at least 1. */
  readonly shardBytes: number;
  readonly lastShardBytes: number;
}

export interface AuditLeaf {
  readonly transferId: string;
  readonly shardIndex: number;
  readonly segment: number;
  readonly shardBytes: number;
  /** Index of the leaf in its shard's tree. docs/protocol.md §6 */
  readonly leaf: number;
}

const bytesOf = ({ segmentCount, shardBytes, lastShardBytes }: Holding): number => (segmentCount - 1) * shardBytes + lastShardBytes;

/**
 * Picks leaves uniformly over all stored bytes, each leaf at most once. Draw i takes the i-th big-endian u64 of
 * `H(seed ‖ u32 0) ‖ H(seed ‖ u32 1) ‖ …` and asks for the leaf with byte `⌊u64 · total bytes / 2^64⌋`.
 *
 * @param inventory - ascending by transfer id (its b64 text, by code unit) and first segment; the order decides.
 * @param count - how many leaves; fewer come back where the node holds fewer, or after 4 · count draws.
 * @throws RangeError where the inventory does not ascend.
 */
export function pickLeaves(seed: Uint8Array, inventory: readonly Holding[], count: number): AuditLeaf[] {
  const ends: number[] = [];
  let totalBytes = 0;
  for (const [i, holding] of inventory.entries()) {
    if (i > 0 && !ascends(inventory[i - 1]!, holding)) throw new RangeError('an inventory must ascend');
    totalBytes += bytesOf(holding);
    ends.push(totalBytes);
  }
  const picked = new Map<string, AuditLeaf>();
  if (totalBytes === 0) return [];
  const total = BigInt(totalBytes);
  for (let i = 0; i < count * DRAWS_PER_LEAF && picked.size < count; i++) {
    const leaf = leafAt(inventory, ends, Number((drawU64(seed, i) * total) >> 64n));
    picked.set(`${leaf.transferId} ${leaf.segment} ${leaf.leaf}`, leaf);
  }
  return [...picked.values()];
}

const ascends = (a: Holding, b: Holding): boolean => (a.transferId === b.transferId ? a.firstSegment + a.segmentCount <= b.firstSegment : a.transferId < b.transferId);

function drawU64(seed: Uint8Array, index: number): bigint {
  const block = sha256(concatBytes(seed, new ByteWriter(4).u32(Math.floor(index / 4)).done()));
  return new DataView(block.buffer, block.byteOffset).getBigUint64((index % 4) * 8);
}

/** @param ends - running sum of the inventory's bytes. @param offset - below the last of them. */
function leafAt(inventory: readonly Holding[], ends: readonly number[], offset: number): AuditLeaf {
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (offset < ends[middle]!) high = middle;
    else low = middle + 1;
  }
  const holding = inventory[low]!;
  const within = offset - (ends[low]! - bytesOf(holding));
  const run = Math.min(Math.floor(within / holding.shardBytes), holding.segmentCount - 1);
  const isLast = run === holding.segmentCount - 1;
  return {
    transferId: holding.transferId,
    shardIndex: holding.shardIndex,
    segment: holding.firstSegment + run,
    shardBytes: isLast ? holding.lastShardBytes : holding.shardBytes,
    leaf: Math.floor((within - run * holding.shardBytes) / LEAF_SIZE_BYTES),
  };
}

/**
 * - `proved`: bytes and path lead to the committed root.
 * - `wrong`: they do not, or the node says that it does not hold a leaf that it signed for.
 * - `unanswered`: nothing came.
 */
export type LeafOutcome = 'proved' | 'wrong' | 'unanswered';

export interface AuditTally {
  readonly provedLeaves: number;
  readonly wrongLeaves: number;
  /** Whether the audit stays asked, with the same leaves: a node that answers only what it can is not answering. */
  readonly owes: boolean;
}

/** What an audit counts. It counts nothing until every leaf is answered: silence is absence, not a lie, and no way to choose the questions. */
export function tallyAudit(outcomes: readonly LeafOutcome[]): AuditTally {
  if (outcomes.includes('unanswered')) return { provedLeaves: 0, wrongLeaves: 0, owes: true };
  const wrongLeaves = outcomes.filter((outcome) => outcome === 'wrong').length;
  return { provedLeaves: outcomes.length - wrongLeaves, wrongLeaves, owes: false };
}

/**
 * The leaves of an owed audit that can still be asked: those of transfers that ended meanwhile are rightly gone.
 *
 * @param isHeld - whether the node is still to hold that transfer.
 */
export const stillAsked = (leaves: readonly AuditLeaf[], isHeld: (transferId: string) => boolean): AuditLeaf[] => leaves.filter(({ transferId }) => isHeld(transferId));
