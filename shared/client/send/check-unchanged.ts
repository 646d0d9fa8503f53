/**
 * Whether files are still those that an upload began with, before a byte of them is sent: names, sizes and times, then
 * the data shards of every segment that was named. docs/protocol.md §10, resuming an upload.
 */
import { ErasureCodec } from '../../erasure/index.ts';
import { shardRoot } from '../../merkle/index.ts';
import { equalBytes, type ContentSecret } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import type { TransferLayout } from '../../protocol/layout.ts';
import type { ManifestFile } from '../../protocol/manifest.ts';
import { throwIfAborted, type SourceFile } from '../deps.ts';
import { ContentReader } from './content-reader.ts';
import { SealingBuffers, sealSegment } from './seal-segment.ts';
import type { NamedSegment } from './upload-journal.ts';

interface CheckInput {
  readonly files: readonly SourceFile[];
  readonly secret: ContentSecret;
  readonly layout: TransferLayout;
  readonly totalShards: number;
  readonly signal: AbortSignal;
  /** @param doneBytes - of the content. */
  onProgress(doneBytes: number): void;
}

/** @throws SendError `file_changed`, naming what differs. */
export function checkSameFiles(files: readonly SourceFile[], before: readonly ManifestFile[]): void {
  if (files.length !== before.length) throw new SendError('file_changed', 'other files than those that were being sent');
  for (const [i, { path, bytes, modifiedMs }] of before.entries()) {
    const now = files[i]!;
    if (now.path !== path || now.bytes !== bytes || now.modifiedMs !== modifiedMs) throw new SendError('file_changed', `${path} is not as it was`);
  }
}

/** Seals each segment again under its salt and compares. What was sealed is dropped. @throws SendError `file_changed`. */
export async function checkSameContent(segments: readonly NamedSegment[], { files, secret, layout, totalShards, signal, onProgress }: CheckInput): Promise<void> {
  if (segments.length === 0) return;
  const { requiredShards } = layout;
  const codec = await ErasureCodec.create({ requiredShards, totalShards, maxShardBytes: layout.segment(0).shardBytes });
  const set = codec.slot(0);
  const buffers = new SealingBuffers();
  let reader: ContentReader | null = null;
  let next = -1;
  try {
    for (const { index, salt, roots } of segments.toSorted((a, b) => a.index - b.index)) {
      throwIfAborted(signal);
      const segment = layout.segment(index);
      if (index !== next) {
        await reader?.close();
        reader = new ContentReader(files, segment.textOffset);
      }
      next = index + 1;
      await sealSegment(set, segment, requiredShards, { secret, salt }, reader!, buffers);
      const named = await Promise.all(Array.from({ length: requiredShards }, (_, i) => shardRoot(set.shard(i, segment.shardBytes))));
      if (!named.every((root, i) => equalBytes(root, roots[i]!))) throw new SendError('file_changed', 'a file is not as it was');
      onProgress(segment.textOffset + segment.textBytes);
    }
  } finally {
    await reader?.close();
  }
}
