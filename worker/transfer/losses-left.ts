/** How many nodes a transfer can still lose. */
import { countingMask } from './outlook.ts';
import type { TransferRow } from './record.ts';
import { hasShard } from './segments.ts';
import type { TransferState } from './state.ts';

/** @returns how many nodes the worst committed segment can lose, below 0 where nodes have to come back; null while none is committed. */
export function lossesLeft({ seats, segments }: TransferState, row: TransferRow, epoch: number): number | null {
  const keepers = seats.all().filter(({ shards }) => shards > 0);
  const formers = seats.formers();
  const counting = countingMask(keepers, epoch);
  const isWhole = formers.length === 0 && keepers.every(({ shardIndex }) => hasShard(counting, shardIndex));
  const fewest = isWhole ? segments.fewestStored() : segments.fewestCounting(counting, countingMask(formers, epoch));
  return fewest === null ? null : fewest - row.requiredShards;
}
