/** What sending and receiving say to whoever shows them: the same types in a page, the extension and the command. */
import type { ErrorCode } from '../protocol/errors.ts';
import type { ManifestFile } from '../protocol/manifest.ts';
import type { Placement } from '../protocol/messages.ts';

/** Choices that a sender makes. */
export interface SendOptions {
  /** Origin of the coordinator, without a trailing slash: `https://host` or `http://localhost:8787`. */
  readonly coordinator: string;
  readonly expiresInSeconds: number;
  /** Of the first link: 1 to 1000, or null for unlimited. */
  readonly downloadLimit: number | null;
  /** The one file, made by `noteFile`, is a note. */
  readonly note?: boolean;
  /** What the first link asks for; left out, it opens at once. */
  readonly password?: string | undefined;
}

/** A link as its sender keeps it. */
export interface CreatedLink {
  /** b64; names it to the coordinator. */
  readonly linkId: string;
  /** What is handed over. */
  readonly link: string;
  /** Whether it asks for a password: the sender keeps none. */
  readonly password: boolean;
}

/** What a sender has to keep of a transfer so as to control it, from before its first byte. */
export interface CreatedTransfer extends CreatedLink {
  readonly transferId: string;
  /** b64; lets its holder control the transfer. Never part of a link. */
  readonly ownerToken: string;
  /** b64; lets its holder make further links, and read everything. For the sender's own store; no page shows it. */
  readonly contentSecret: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
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

/** An upload that ended before it was finished, as a page offers to continue it. */
export interface UnfinishedSend {
  /** b64. */
  readonly transferId: string;
  /** The first file's path. */
  readonly title: string;
  readonly fileCount: number;
  readonly bytes: number;
  /** 0 to 1; null where the coordinator could not be asked. */
  readonly storedPart: number | null;
  /** The browser knows where the files lie, and opens them once the person allows it. */
  readonly hasHandles: boolean;
}

/** A node that misbehaved, with what was met there. */
export interface NodeProblem {
  readonly shardIndex: number;
  readonly nodeId: string;
  readonly url: string;
  readonly code: ErrorCode;
}

export interface SendResult extends CreatedTransfer {
  /** Sum of the files' sizes. */
  readonly bytes: number;
  /** Shard bytes sent to nodes. */
  readonly sentBytes: number;
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
