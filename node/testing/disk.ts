/** What really lies on a node's disk, for tests that compare it with what the node says. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { FILE_BLOCK_BYTES } from '../store/shard-header.ts';

/** What the shard files below a node's folder take, in whole blocks, and how many there are. */
export async function onDisk(directory: string): Promise<{ shards: number; usedBytes: number }> {
  const names = (await readdir(path.join(directory, 'shards'), { recursive: true })).filter((name) => name.endsWith('.shard'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(path.join(directory, 'shards', name))).size));
  return { shards: sizes.length, usedBytes: sizes.reduce((sum, size) => sum + Math.ceil(size / FILE_BLOCK_BYTES) * FILE_BLOCK_BYTES, 0) };
}
