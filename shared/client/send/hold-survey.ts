/** Asks every node of an upload which shards it has from before, so that only what is missing is sent. docs/protocol.md §9, HOLD. */
import type { SegmentLayout } from '../../protocol/layout.ts';
import type { ClientDeps } from '../deps.ts';
import type { SegmentBook } from './segment-book.ts';
import type { StoreConnection } from './store-connection.ts';
import type { StorePool } from './store-pool.ts';

/** Nodes that have not answered by then are taken to hold nothing. */
const PATIENCE_MS = 10_000;

interface SurveyInput {
  readonly pool: StorePool;
  readonly book: SegmentBook;
  readonly totalShards: number;
  readonly layoutOf: (index: number) => SegmentLayout;
}

/**
 * @param indexes - segments that have names and lack receipts.
 * @returns by segment the shard indexes whose node holds its shard and will sign for it.
 */
export async function surveyHeld(indexes: readonly number[], input: SurveyInput, deps: ClientDeps, signal: AbortSignal): Promise<Map<number, Set<number>>> {
  const held = new Map<number, Set<number>>(indexes.map((index) => [index, new Set<number>()]));
  if (indexes.length === 0) return held;
  const { pool, book, totalShards, layoutOf } = input;
  const asked = new Set<StoreConnection>();
  const answers: Promise<void>[] = [];
  const done = Promise.withResolvers<void>();
  const ask = (connection: StoreConnection): void => {
    asked.add(connection);
    for (const index of indexes) {
      const { receipts, roots } = book.at(index);
      const { shardIndex } = connection;
      if (receipts.has(shardIndex)) continue;
      const shard = { segment: index, shardBytes: layoutOf(index).shardBytes, root: roots[shardIndex]! };
      answers.push(
        connection.holds(shard).then((isHeld) => {
          if (isHeld) held.get(index)!.add(shardIndex);
        }),
      );
    }
  };
  /** Asks those that opened; once nobody is on the way any more, their answers are all there will be. */
  const look = (): void => {
    pool.want(totalShards); // one that failed to open makes room for the next
    for (const connection of pool.open) if (!asked.has(connection)) ask(connection);
    if (pool.arriving === 0) done.resolve();
  };
  const timer = new AbortController();
  const late = deps.delay(PATIENCE_MS, AbortSignal.any([timer.signal, signal]));
  const stopLooking = pool.onChange(look);
  try {
    look();
    await Promise.race([done.promise.then(() => Promise.all(answers)), late]);
  } finally {
    stopLooking();
    timer.abort();
    late.catch(() => undefined); // ended by us
  }
  return held;
}
