/** What its nodes' objects ask and tell a transfer: who is to hold what, and what became of it. docs/protocol.md §10, audits, inventories. */
import { encodeB64 } from '../../shared/protocol/bytes.ts';
import { clock } from '../clock.ts';
import type { SeatNews } from '../node/news.ts';
import { isEnded } from './record.ts';
import { hasShard, rootOf } from './segments.ts';
import type { TransferState } from './state.ts';
import { dropFormer } from './storing.ts';

export class Custody {
  readonly #state: TransferState;
  readonly #changed: () => void;

  /** @param changed - called inside a transaction when something may have to be repaired. */
  constructor(state: TransferState, changed: () => void) {
    this.#state = state;
    this.#changed = changed;
  }

  /**
   * Of a seat that lost its shards the roots are told still: what was asked before it said so is not answered by saying so.
   *
   * @returns for each leaf its shard's committed root, b64; null where the node is not, or no longer, to hold it.
   */
  auditRoots(nodeId: string, leaves: readonly { readonly segment: number }[]): (string | null)[] {
    if (this.#state.settle()?.state !== 'ready') return leaves.map(() => null);
    const seat = this.#state.seats.all().find((each) => each.nodeId === nodeId);
    const former = this.#state.seats.formers().find((each) => each.nodeId === nodeId);
    return leaves.map(({ segment }) => {
      const row = this.#state.segments.find(segment);
      if (row === undefined) return null;
      const isSeats = seat !== undefined && (seat.lostAtMs > 0 || hasShard(row.stored, seat.shardIndex));
      const index = isSeats ? seat.shardIndex : former && hasShard(row.former, former.shardIndex) ? former.shardIndex : null;
      return index === null ? null : encodeB64(rootOf(new Uint8Array(row.roots), index));
    });
  }

  learn(nodeId: string, news: SeatNews): void {
    if (this.#state.settle()?.state !== 'ready') return;
    this.#state.write(() => {
      if (this.#state.seats.learn(nodeId, news)) this.#changed();
    });
  }

  /**
   * The node has fewer shards than it signed for. Which ones is not asked: all of them count as missing, and a rebuild
   * stores them again where the node is trusted, else elsewhere. Who has handed the seat on keeps what is left, and stays
   * a source: its successor has not got everything yet, and whatever it serves is compared with its root.
   */
  lose(nodeId: string, heldShards: number): void {
    const row = this.#state.settle();
    if (row === null || isEnded(row.state)) return;
    this.#state.write(() => {
      const nowMs = clock.nowMs();
      const former = this.#state.seats.formers().find((each) => each.nodeId === nodeId);
      if (former !== undefined && heldShards === 0) dropFormer(this.#state, former);
      const seat = this.#state.seats.all().find((each) => each.nodeId === nodeId);
      if (seat !== undefined && heldShards < seat.shards) {
        this.#state.segments.vacate(seat.shardIndex, false);
        this.#state.seats.lose(seat.shardIndex, nowMs);
        this.#state.outbox.recall(nodeId, nowMs);
      } else if (former === undefined) return;
      this.#changed();
    });
  }

  /** Whether a node that lists the transfer is to hold any of it: also what it has not signed for yet. */
  whereabouts(nodeId: string): 'keep' | 'surplus' {
    const row = this.#state.settle();
    if (row === null || isEnded(row.state)) return 'surplus';
    return [...this.#state.seats.all(), ...this.#state.seats.formers()].some((keeper) => keeper.nodeId === nodeId) ? 'keep' : 'surplus';
  }
}
