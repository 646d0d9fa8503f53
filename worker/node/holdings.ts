/**
 * What a node has signed for, transfer by transfer: what it is audited for, what its inventories are compared with, and
 * whom its standing concerns.
 */
import type { Holding } from '../../shared/policy/index.ts';

/** Consecutive segments whose shards the node has signed for; ascending within a transfer. */
export type HeldRun = Pick<Holding, 'firstSegment' | 'segmentCount' | 'shardBytes' | 'lastShardBytes'>;

/** All that a node has signed for of one transfer. */
export interface TransferHolding {
  /** b64. */
  readonly transferId: string;
  readonly shardIndex: number;
  /** At least one. */
  readonly runs: readonly HeldRun[];
  readonly expiresAtMs: number;
}
