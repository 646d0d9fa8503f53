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

/** What an upload does: finding out whether files are as they were, sending, or waiting for a person or the network. */
export type UploadState = 'checking' | 'sending' | 'paused' | 'offline';

/** A transfer whose link works, and all that its sender needs to go on, show it, and end it. */
export interface BegunSend {
  readonly coordinator: string;
  /** b64. */
  readonly transferId: string;
  /** b64; never part of the link. */
  readonly ownerToken: string;
  /** b64. */
  readonly contentSecret: string;
  readonly link: string;
  readonly expiresAtMs: number;
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

/** How far the sender of a transfer is that is still being uploaded. */
export interface UploadSeen {
  /** `silent`: nothing was heard of it for a minute. */
  readonly sender: 'active' | 'paused' | 'silent';
  /** Of the files' bytes. */
  readonly doneBytes: number;
  readonly totalBytes: number;
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
  /** Null once everything is there. */
  readonly upload: UploadSeen | null;
}

export interface ReceiveResult {
  readonly bytes: number;
  readonly problems: readonly NodeProblem[];
}
