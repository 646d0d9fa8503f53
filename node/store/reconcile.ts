/** Makes index and disk agree after a start: a killed process may have left either ahead of the other. */
import type { ShardFiles } from './shard-files.ts';
import type { ShardIndex } from './shard-index.ts';

export interface Reconciliation {
  /** Shards found on the disk that the index did not know. */
  readonly adopted: number;
  /** Rows without a file. */
  readonly lost: number;
  /** Files that are torn, foreign or of deleted transfers, and were removed. */
  readonly removed: number;
}

/**
 * @param fresh - the index was made now. Which shards a receipt covers is then unknown: all count as committed, so that
 * none that was promised can be replaced. Otherwise a shard without a row was never promised.
 */
export async function reconcile(index: ShardIndex, files: ShardFiles, fresh: boolean): Promise<Reconciliation> {
  let adopted = 0;
  let lost = 0;
  let removed = 0;
  for await (const { transferId, segments } of files.list()) {
    if (index.tombstone(transferId) !== null) {
      await files.removeTransfer(transferId);
      removed += segments.length;
      continue;
    }
    const rows = new Map(index.segmentsOf(transferId).map((row) => [row.segment, row]));
    const before = adopted;
    const term = await files.readTerm(transferId);
    if (fresh && term !== null) index.rememberTerm(transferId, term);
    for (const segment of segments) {
      if (rows.delete(segment)) continue;
      const shard = await files.openShard(transferId, segment);
      if (shard === null) {
        await files.removeShard(transferId, segment);
        removed++;
        continue;
      }
      shard.file.close();
      const { storedAtMs } = shard.header;
      index.put({ ...shard.header, ...(term !== null && storedAtMs <= term.setAtMs ? { expiresAtMs: term.expiresAtMs } : {}), committed: fresh, orderedAtMs: 0 });
      adopted++;
    }
    if (adopted > before) await files.syncTransfer(transferId);
    for (const segment of rows.keys()) {
      index.remove(transferId, segment);
      lost++;
    }
    await files.removeEmptyFolder(transferId);
  }
  lost += await dropTransfersWithoutFolder(index, files);
  if (fresh) index.markComplete();
  await index.sync();
  return { adopted, lost, removed };
}

async function dropTransfersWithoutFolder(index: ShardIndex, files: ShardFiles): Promise<number> {
  let lost = 0;
  let transferId = index.transferAfter(new Uint8Array(0));
  while (transferId !== null) {
    if (!(await files.hasTransfer(transferId))) {
      for (const { segment } of index.segmentsOf(transferId)) {
        index.remove(transferId, segment);
        lost++;
      }
    }
    transferId = index.transferAfter(transferId);
  }
  return lost;
}
