/** Carries a transfer's outbox: one call a receiver and change, again until it is heard. */
import { epochAt, type RepairUrgency } from '../../shared/policy/index.ts';
import { clock } from '../clock.ts';
import { epochMsOf, type WorkerEnv } from '../environment.ts';
import { logFailure } from '../http/log.ts';
import { shardFor } from '../network/shards.ts';
import type { TransferHolding } from '../node/holdings.ts';
import type { SeatNews } from '../node/news.ts';
import { nodeOf } from '../objects/named.ts';
import type { WatchedTransfer } from '../objects/watch.ts';
import { THE_WATCH, type OutboxRow } from './outbox.ts';
import { isCounting } from './outlook.ts';
import { layoutOf, type TransferRow } from './record.ts';
import { lossesLeft } from './losses-left.ts';
import type { TransferState } from './state.ts';

export class Messenger {
  readonly #state: TransferState;
  readonly #env: WorkerEnv;
  readonly #learned: () => void;

  /** @param learned - called inside a transaction when an answer says something new of a node. */
  constructor(state: TransferState, env: WorkerEnv, learned: () => void) {
    this.#state = state;
    this.#env = env;
    this.#learned = learned;
  }

  async deliver(): Promise<void> {
    await Promise.all(this.#state.outbox.due(clock.nowMs()).map((due) => (due.receiver === THE_WATCH ? this.#tellWatch(due) : this.#tellNode(due))));
  }

  async #tellNode(due: OutboxRow): Promise<void> {
    const row = this.#state.row();
    const node = nodeOf(this.#env, due.receiver);
    const holding = this.#holdingOf(due.receiver, row);
    await this.#tell(due, holding === null, 'telling a node', async () => {
      if (holding !== null) return await node.hold(holding);
      await node.letGo(row.transferId);
      return null;
    });
  }

  async #tellWatch(due: OutboxRow): Promise<void> {
    const row = this.#state.row();
    const watch = shardFor(this.#env.WATCH, row.transferId);
    const repaired = { jobs: row.repairJobs, shards: row.repairShards, bytes: row.repairBytes };
    const isOver = row.state !== 'ready';
    await this.#tell(due, isOver, 'telling the watch', async () => {
      await (isOver ? watch.forget(row.transferId, repaired) : watch.note(this.#standOf(row, repaired)));
      return null;
    });
  }

  async #tell(due: OutboxRow, isOver: boolean, what: string, call: () => Promise<SeatNews | null>): Promise<void> {
    let news: SeatNews | null;
    try {
      news = await call();
    } catch (thrown) {
      logFailure(what, thrown);
      if (this.#state.load() !== null) this.#state.write(() => this.#state.outbox.failed(due, clock.nowMs()));
      return;
    }
    if (this.#state.load() === null) return;
    this.#state.write(() => {
      this.#state.outbox.told(due, isOver);
      if (news !== null && this.#state.seats.learn(due.receiver, news)) this.#learned();
    });
  }

  /** What the node is to hold, as its seat or its former one; null: nothing. */
  #holdingOf(nodeId: string, row: TransferRow): TransferHolding | null {
    if (row.state !== 'ready') return null;
    for (const [column, keepers] of [
      ['stored', this.#state.seats.all()],
      ['former', this.#state.seats.formers()],
    ] as const) {
      const keeper = keepers.find((each) => each.nodeId === nodeId);
      if (keeper === undefined) continue;
      const runs = this.#state.segments.runsOf(keeper.shardIndex, column, layoutOf(row));
      return runs.length === 0 ? null : { transferId: row.transferId, shardIndex: keeper.shardIndex, runs, expiresAtMs: this.#state.expiries.keptUntilMs(nodeId, row.expiresAtMs) };
    }
    return null;
  }

  #standOf(row: TransferRow, repaired: WatchedTransfer['repaired']): WatchedTransfer {
    const { transferId, contentBytes, expiresAtMs, wish, wishFromMs, turnUntilMs } = row;
    const epoch = epochAt(clock.nowMs(), epochMsOf(this.#env));
    const keepers = [...this.#state.seats.all(), ...this.#state.seats.formers()];
    const shards = keepers.reduce((sum, keeper) => sum + (isCounting(keeper, epoch) ? keeper.shards : 0), 0);
    const wished = wish === null ? null : { ...(JSON.parse(wish) as RepairUrgency), notBeforeMs: wishFromMs, turnUntilMs };
    return { transferId, margin: lossesLeft(this.#state, row, epoch) ?? -row.requiredShards, shards, contentBytes, expiresAtMs, wish: wished, repaired };
  }
}
