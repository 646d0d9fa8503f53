/** What a transfer and its nodes' objects tell each other: what each node has signed for, and what has become of the node. */
import type { Standing } from '../../shared/policy/index.ts';

/** Consecutive segments whose shards a node has signed for. */
export interface HeldRun {
  readonly firstSegment: number;
  readonly segmentCount: number;
  /** Bytes of each shard of the run but the last, and of the last. */
  readonly shardBytes: number;
  readonly lastShardBytes: number;
}

/** All that one node is to hold of one transfer. */
export interface TransferHolding {
  /** b64. */
  readonly transferId: string;
  readonly shardIndex: number;
  /** Ascending; never empty. */
  readonly runs: readonly HeldRun[];
  readonly expiresAtMs: number;
}

/** What its object makes of a node. */
export interface SeatNews {
  readonly standing: Standing;
  /** Since when it owes an audit. */
  readonly owedSinceEpoch: number | null;
}
