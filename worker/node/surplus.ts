/** What a node lists and its object does not know: whether it may stay is the transfer's to say. */
import type { BucketAnswer } from '../../shared/protocol/inventory.ts';
import { clock } from '../clock.ts';
import { coordinatorKeyOf, type WorkerEnv } from '../environment.ts';
import { transferOf } from '../objects/named.ts';
import { signSeat } from '../transfer/orders.ts';

const ASKED_AT_ONCE = 32;

/** @returns a deletion order for each transfer that is over or was never to be there; one that cannot be asked is left for next time. */
export async function deleteSurplus(env: WorkerEnv, nodeId: string, transferIds: readonly string[]): Promise<BucketAnswer['surplus']> {
  const key = await coordinatorKeyOf(env);
  const surplus: BucketAnswer['surplus'] = [];
  for (let from = 0; from < transferIds.length; from += ASKED_AT_ONCE) {
    const asked = transferIds.slice(from, from + ASKED_AT_ONCE);
    const answers = await Promise.allSettled(asked.map((transferId) => transferOf(env, transferId).whereabouts(nodeId)));
    for (const [i, transferId] of asked.entries()) {
      const answer = answers[i]!;
      if (answer.status === 'rejected' || answer.value !== 'surplus') continue;
      const nowMs = clock.nowMs();
      // Nobody has a store order for it that is younger: the tombstone may go as soon as such ones end.
      const { order } = await signSeat({ shardIndex: 0, nodeId, url: '' }, { action: 'delete', transferId, maxBytes: 0, shardExpiresAtMs: nowMs, nowMs }, key);
      surplus.push({ transferId, order });
    }
  }
  return surplus;
}
