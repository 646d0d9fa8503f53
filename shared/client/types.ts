/** What sending and receiving say to whoever shows them: the same types in a page, the extension and the command. */
import type { ErrorCode } from '../protocol/errors.ts';
import type { ManifestFile } from '../protocol/manifest.ts';
import type { Placement } from '../protocol/messages.ts';

/** Choices that a sender makes. */
export interface SendOptions {
  /** Origin of the coordinator, without a trailing slash: `https://host` or `http://localhost:8787`. */
  readonly coordinator: string;
  readonly expiresInSeconds: number;
  /** 1 to 1000, or null for unlimited. */
  readonly downloadLimit: number | null;
  /** The one file, made by `noteFile`, is a note. */
  readonly note?: boolean;
}

/** Bytes and pace of a transfer in either direction; `bytes` are the files' own, never coded or padded ones. */
export interface Progress {
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Mean over the last seconds; 0 until known. */
  readonly bytesPerSecond: number;
  /** Null until known. */
  readonly secondsLeft: number | null;
}

/** A node that misbehaved, with what was met there. */
export interface NodeProblem {
  readonly shardIndex: number;
  readonly nodeId: string;
  readonly url: string;
  readonly code: ErrorCode;
}

export interface SendResult {
  readonly link: string;
  readonly transferId: string;
  /** b64; lets its holder revoke. Never part of the link. */
  readonly ownerToken: string;
  /** Sum of the files' sizes. */
  readonly bytes: number;
  /** Shard bytes sent to nodes. */
  readonly sentBytes: number;
  readonly expiresAtMs: number;
  /** How many nodes the transfer can lose right now; below 1 where nodes failed meanwhile. */
  readonly survives: number;
  /** What it can lose once the nodes have rebuilt the shards that were not sent, and rules that the network could not keep. */
  readonly placement: Pick<Placement, 'totalShards' | 'survives' | 'relaxed'>;
  readonly problems: readonly NodeProblem[];
}

/** What a recipient sees of a link before anything is downloaded. */
export interface TransferInfo {
  readonly transferId: string;
  readonly kind: 'files' | 'note';
  readonly files: readonly ManifestFile[];
  readonly bytes: number;
  readonly expiresAtMs: number;
  /** Null when unlimited. */
  readonly downloadsLeft: number | null;
}

export interface ReceiveResult {
  readonly bytes: number;
  readonly problems: readonly NodeProblem[];
}
