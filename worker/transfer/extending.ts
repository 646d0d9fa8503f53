/** Has nodes keep a transfer's shards until its new time, and knows which of them did not hear of it in time. docs/protocol.md §9, §10, expiry. */
import { SendError } from '../../shared/protocol/errors.ts';
import { clock } from '../clock.ts';
import { coordinatorKeyOf, type WorkerEnv } from '../environment.ts';
import { log } from '../http/log.ts';
import { readDirectory } from '../network/directory.ts';
import { orderExpiry } from '../network/node-client.ts';
import type { Custody } from './custody.ts';
import type { KeeperRow } from './expiries.ts';
import { signSeat, urlNow, type OrderTerms } from './orders.ts';
import { isEnded } from './record.ts';
import type { TransferState } from './state.ts';

export class Extending {
  readonly #state: TransferState;
  readonly #env: WorkerEnv;
  readonly #custody: Custody;
  constructor(state: TransferState, env: WorkerEnv, custody: Custody) {
    this.#state = state;
    this.#env = env;
    this.#custody = custody;
  }

  /** Asks those who have not confirmed the transfer's time. */
  async order(): Promise<void> {
    const due = this.#state.expiries.due(clock.nowMs());
    if (due.length === 0) return;
    const [key, directory] = [await coordinatorKeyOf(this.#env), await readDirectory(this.#env)];
    const { transferId, expiresAtMs: shardExpiresAtMs } = this.#state.row();
    const answered = await Promise.all(
      due.map(async (keeper): Promise<boolean> => {
        const signedFor = this.#signedFor(keeper.nodeId);
        const terms: OrderTerms = { action: 'extend', transferId, maxBytes: 0, shardExpiresAtMs, nowMs: clock.nowMs() };
        try {
          const { shards } = await orderExpiry(await signSeat({ ...keeper, url: urlNow(keeper, directory) }, terms, key), { transferId, shardExpiresAtMs });
          this.#confirm(keeper, shardExpiresAtMs);
          if (shards < signedFor) this.#custody.lose(keeper.nodeId, shards);
          return true;
        } catch (thrown) {
          if (!(thrown instanceof SendError)) throw thrown;
          this.#state.write(() => this.#state.expiries.failed(keeper, clock.nowMs()));
          return false;
        }
      }),
    );
    const done = answered.filter(Boolean).length;
    log({ event: 'expiry', answered: done, failed: answered.length - done });
  }

  /** Who has not confirmed when its old time comes has deleted its shards by then. */
  giveUpLate(): void {
    for (const { nodeId } of this.#state.expiries.late(clock.nowMs())) {
      this.#custody.lose(nodeId, 0);
      this.#state.write(() => this.#state.expiries.drop(nodeId));
    }
  }

  #confirm({ nodeId }: KeeperRow, keptUntilMs: number): void {
    const row = this.#state.settle();
    if (row === null || isEnded(row.state)) return;
    this.#state.write(() => {
      this.#state.expiries.confirmed(nodeId, keptUntilMs, row.expiresAtMs === keptUntilMs);
      this.#state.outbox.recall(nodeId, clock.nowMs());
    });
  }

  /** How many shards are counted on at a node, now: more may come while it is asked. */
  #signedFor(nodeId: string): number {
    return [...this.#state.seats.all(), ...this.#state.seats.formers()].reduce((sum, keeper) => sum + (keeper.nodeId === nodeId ? keeper.shards : 0), 0);
  }
}
