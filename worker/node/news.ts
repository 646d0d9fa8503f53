/** What transfers are told of a node that holds shards of theirs. */
import type { Standing } from '../../shared/policy/index.ts';

/** Replaces what the transfer knew of the node, unless that has a later generation: calls may cross. */
export interface SeatNews {
  readonly standing: Standing;
  /** Since when the node owes an audit: told once that is LOST_AFTER_EPOCHS ago, null before and when it has answered. */
  readonly owedSinceEpoch: number | null;
  /** Counts a node's news. */
  readonly generation: number;
}
