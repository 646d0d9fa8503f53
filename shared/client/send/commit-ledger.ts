/**
 * What nodes have signed for, segment by segment, and what of it the coordinator knows. Gathers receipts from all
 * connections and commits them in batches, so that the coordinator is asked once for many segments.
 */
import { encodeB64, concatBytes } from '../../protocol/bytes.ts';
import { SendError, asSendError } from '../../protocol/errors.ts';
import { MAX_SEGMENTS_PER_COMMIT } from '../../protocol/limits.ts';
import type { TransferApi } from '../coordinator-api.ts';
import type { ClientDeps } from '../deps.ts';
import type { BookedSegment, SegmentBook } from './segment-book.ts';
import type { ReceivedReceipt } from './store-connection.ts';
import type { StorePool } from './store-pool.ts';
import type { NamedSegment } from './upload-journal.ts';

/** 64 MiB of content in full segments of 10 MiB. */
export const SEGMENTS_PER_COMMIT = 7;

/** A receipt is late when it takes so many times what half of them took, but never earlier than this. */
const LATE_FACTOR = 4;
const SHORTEST_LATE_MS = 3_000;
/** The patience where not even half of them come. */
const PATIENCE_MS = 60_000;

export class CommitLedger {
  readonly #book: SegmentBook;
  readonly #pool: StorePool;
  readonly #api: TransferApi;
  readonly #safeShards: number;
  readonly #deps: ClientDeps;
  readonly #signal: AbortSignal;
  /** Receipts that the coordinator was not told of yet. */
  readonly #arrived: ReceivedReceipt[] = [];

  constructor(book: SegmentBook, pool: StorePool, api: TransferApi, safeShards: number, deps: ClientDeps, signal: AbortSignal) {
    this.#book = book;
    this.#pool = pool;
    this.#api = api;
    this.#safeShards = safeShards;
    this.#deps = deps;
    this.#signal = signal;
  }

  /**
   * Collects receipts and commits them. Calls must not overlap.
   *
   * @param indexes - segments whose safe shards were acknowledged.
   * @returns those of them that still lack receipts, because nodes vanished between acknowledgement and receipt.
   */
  async commit(indexes: readonly number[]): Promise<number[]> {
    await this.#collect(indexes);
    const receipts = this.#arrived.splice(0);
    const covered = new Set(receipts.flatMap(({ segments }) => segments));
    for (const index of indexes) covered.add(index);
    const untold = [...covered].map((index) => this.#book.at(index)).filter(({ told }) => !told);
    // Receipts refer to entries: those that do not fit beside them are told first.
    for (let i = 0; i === 0 || i < untold.length; i += MAX_SEGMENTS_PER_COMMIT) {
      const some = untold.slice(i, i + MAX_SEGMENTS_PER_COMMIT);
      const last = i + MAX_SEGMENTS_PER_COMMIT >= untold.length;
      await this.#tell(some, last ? receipts : []);
      for (const entry of some) entry.told = true;
    }
    return indexes.filter((index) => this.#book.at(index).receipts.size < this.#safeShards);
  }

  /** One receipt that the coordinator refuses must not cost the others: each alone then shows whose it is. */
  async #tell(entries: readonly BookedSegment[], receipts: readonly ReceivedReceipt[]): Promise<void> {
    const commit = async (segments: readonly BookedSegment[], some: readonly ReceivedReceipt[]): Promise<void> => {
      await this.#api.commitSegments({ segments: segments.map(toMessage), receipts: some.map(toReceiptMessage) }, { signal: this.#signal });
      for (const receipt of some) for (const index of receipt.segments) this.#book.at(index).receipts.add(receipt.shardIndex);
      for (const { shardIndex } of some) this.#pool.praise(shardIndex);
    };
    try {
      return await commit(entries, receipts);
    } catch (thrown) {
      if (!isInvalidReceipt(thrown) || receipts.length === 0) throw thrown;
    }
    await commit(entries, []);
    for (const receipt of receipts) {
      try {
        await commit([], [receipt]);
      } catch (thrown) {
        if (!isInvalidReceipt(thrown)) throw thrown;
        this.#pool.blame(receipt.shardIndex, thrown);
      }
    }
  }

  /**
   * Asks every connection for a receipt, and waits for as many as the segments need: what a slow node signs beyond that
   * is told with the next commit. One that gives none has its connection ended, and what it held comes back as lacking.
   */
  async #collect(indexes: readonly number[]): Promise<void> {
    const connections = this.#pool.open.filter(({ unsealed }) => unsealed.size > 0);
    const startedAtMs = this.#deps.now();
    const waiting = new Set(connections);
    const patience = new Patience(this.#deps, this.#signal, () => {
      for (const connection of waiting) connection.fail(new SendError('node_slow', 'the node gave no receipt'));
    });
    patience.set(PATIENCE_MS);
    const enough = Promise.withResolvers<void>();
    const sealing = connections.map(async (connection) => {
      try {
        const receipt = await connection.seal();
        if (receipt.segments.length > 0) this.#arrived.push(receipt);
      } catch (thrown) {
        const { code } = asSendError(thrown, 'node_unreachable', "couldn't get a receipt");
        if (code !== 'cancelled') this.#pool.report(connection.seat, code);
      }
      waiting.delete(connection);
      if (waiting.size === Math.floor(connections.length / 2)) patience.set(Math.max(SHORTEST_LATE_MS, LATE_FACTOR * (this.#deps.now() - startedAtMs)));
      if (this.#areSafe(indexes)) enough.resolve();
    });
    await Promise.race([enough.promise, Promise.all(sealing).finally(() => patience.end())]);
  }

  /** Whether the receipts that are here make these segments safe. */
  #areSafe(indexes: readonly number[]): boolean {
    return indexes.every((index) => {
      const { receipts } = this.#book.at(index);
      const more = this.#arrived.filter(({ shardIndex, segments }) => !receipts.has(shardIndex) && segments.includes(index));
      return receipts.size + more.length >= this.#safeShards;
    });
  }
}

/** Calls `over` after the time that was set last, or when the signal aborts. */
class Patience {
  readonly #deps: ClientDeps;
  readonly #signal: AbortSignal;
  readonly #over: () => void;
  #timer = new AbortController();

  constructor(deps: ClientDeps, signal: AbortSignal, over: () => void) {
    this.#deps = deps;
    this.#signal = signal;
    this.#over = over;
  }
  set(ms: number): void {
    this.end();
    this.#timer = new AbortController();
    this.#deps.delay(ms, AbortSignal.any([this.#timer.signal, this.#signal])).then(this.#over, () => {
      if (this.#signal.aborted) this.#over(); // otherwise it was set anew, or ended
    });
  }
  end(): void {
    this.#timer.abort();
  }
}

const isInvalidReceipt = (thrown: unknown): thrown is SendError => thrown instanceof SendError && thrown.code === 'receipt_invalid';

const toMessage = ({ index, salt, roots }: NamedSegment) => ({ index, salt: encodeB64(salt), roots: encodeB64(concatBytes(...roots)) });
const toReceiptMessage = ({ shardIndex, shardExpiresAtMs, storedAtMs, segments, signature }: ReceivedReceipt) => ({
  shardIndex,
  shardExpiresAtMs,
  storedAtMs,
  segments: [...segments],
  signature: encodeB64(signature),
});
