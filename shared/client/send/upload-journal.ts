/**
 * What a sender's machine keeps of an upload that is not finished, so that it can go on after a crash: what is being
 * sent, and of every segment the salt and the names of its shards. docs/protocol.md §10, resuming an upload.
 */
import type { ShardId } from '../../protocol/bytes.ts';
import type { ManifestFile } from '../../protocol/manifest.ts';
import type { Placement } from '../../protocol/messages.ts';

export interface NamedSegment {
  readonly index: number;
  /** 32 bytes. */
  readonly salt: Uint8Array;
  /** One a shard index. */
  readonly roots: readonly ShardId[];
}

/** What an upload began with, and must go on with. */
export interface UploadPlan {
  /** Left out where files are sent. */
  readonly kind?: 'note';
  /** By the sender's clock. */
  readonly begunAtMs: number;
  readonly files: readonly ManifestFile[];
  readonly placement: Pick<Placement, 'requiredShards' | 'totalShards' | 'safeShards' | 'survives' | 'relaxed'>;
}

/** Of one transfer. Every call may throw SendError `record_unsaved`. */
export interface UploadJournal {
  /** Resolves when the plan would survive the machine's end. */
  begin(plan: UploadPlan): Promise<void>;
  /** The same for a segment. To be awaited before its first shard leaves. */
  segment(segment: NamedSegment): Promise<void>;
  /** @returns null where nothing was begun. @throws SendError `record_unreadable`. */
  load(): Promise<{ readonly plan: UploadPlan; readonly segments: readonly NamedSegment[] } | null>;
  /** Forgets the upload: it is finished, or given up. */
  remove(): Promise<void>;
}
