/** Has nodes delete a transfer, until each has signed that it did. docs/protocol.md §9. */
import { SendError } from '../../shared/protocol/errors.ts';
import { clock } from '../clock.ts';
import { coordinatorKeyOf, type WorkerEnv } from '../environment.ts';
import { log } from '../http/log.ts';
import { readDirectory } from '../network/directory.ts';
import { orderDeletion } from '../network/node-client.ts';
import type { DeletionRow } from './deletions.ts';
import { signSeat, urlNow, type OrderTerms } from './orders.ts';
import type { TransferState } from './state.ts';

export async function orderDeletions(state: TransferState, env: WorkerEnv): Promise<void> {
  const due = state.deletions.due(clock.nowMs());
  if (due.length === 0) return;
  const [key, directory] = [await coordinatorKeyOf(env), await readDirectory(env)];
  const { transferId } = state.row();
  const shardExpiresAtMs = Math.max(...state.expiries.named()); // no store order outlasts the tombstone
  const answered = await Promise.all(
    due.map(async (deletion: DeletionRow): Promise<boolean> => {
      const terms: OrderTerms = { action: 'delete', transferId, maxBytes: 0, shardExpiresAtMs, nowMs: clock.nowMs() };
      try {
        const statement = await orderDeletion(await signSeat({ ...deletion, url: urlNow(deletion, directory) }, terms, key), transferId);
        state.write(() => state.deletions.answered(deletion.nodeId, statement));
        return true;
      } catch (thrown) {
        if (!(thrown instanceof SendError)) throw thrown;
        state.write(() => state.deletions.failed(deletion, clock.nowMs()));
        return false;
      }
    }),
  );
  const done = answered.filter(Boolean).length;
  log({ event: 'deletion', answered: done, failed: answered.length - done });
}
