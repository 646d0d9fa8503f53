/** A transfer's one row: what it is and where in its life it stands. docs/protocol.md §10. */
import { equalSecrets } from '../../shared/protocol/bytes.ts';
import { SendError, type ErrorCode } from '../../shared/protocol/errors.ts';
import { TransferLayout } from '../../shared/protocol/layout.ts';
import type { Presence, PresenceWord, Status } from '../../shared/protocol/messages.ts';
import type { Owner } from '../http/tokens.ts';
import type { NewLink } from './links.ts';

export type TransferState = Status['state'];
export type EndedState = Exclude<TransferState, 'uploading' | 'ready'>;

/** An upload that nobody continued for so long has been given up. */
export const ABANDONED_AFTER_MS = 24 * 3600_000;
/** One whose sender said that it pauses. */
export const PAUSED_ABANDONED_AFTER_MS = 7 * 24 * 3600_000;
/** A sender that is at work gives three signs in this time. */
const SILENT_AFTER_MS = 60_000;

export const RECORD_SCHEMA = `
CREATE TABLE transfer (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  transferId TEXT NOT NULL,
  ownerHash BLOB NOT NULL,
  contentBytes INTEGER NOT NULL,
  expiresInSeconds INTEGER NOT NULL,
  requiredShards INTEGER NOT NULL,
  totalShards INTEGER NOT NULL,
  safeShards INTEGER NOT NULL,
  relaxed TEXT NOT NULL,
  createdAtMs INTEGER NOT NULL,
  expiresAtMs INTEGER NOT NULL,
  touchedAtMs INTEGER NOT NULL,
  presence TEXT NOT NULL DEFAULT 'active',
  session TEXT NOT NULL DEFAULT '',
  wordNumber INTEGER NOT NULL DEFAULT 0,
  formerSession TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL,
  endedAtMs INTEGER,
  committedSegments INTEGER NOT NULL DEFAULT 0,
  rebuildAtMs INTEGER,
  rebuildFrom INTEGER NOT NULL DEFAULT 0,
  rebuildPauses INTEGER NOT NULL DEFAULT 0,
  fruitlessJobs INTEGER NOT NULL DEFAULT 0,
  restUntilMs INTEGER NOT NULL DEFAULT 0,
  mending TEXT,
  wish TEXT,
  wishFromMs INTEGER NOT NULL DEFAULT 0,
  turnUntilMs INTEGER NOT NULL DEFAULT 0,
  repairJobs INTEGER NOT NULL DEFAULT 0,
  repairShards INTEGER NOT NULL DEFAULT 0,
  repairBytes INTEGER NOT NULL DEFAULT 0
) STRICT;
`;

export type TransferRow = {
  transferId: string;
  ownerHash: ArrayBuffer;
  contentBytes: number;
  expiresInSeconds: number;
  requiredShards: number;
  totalShards: number;
  safeShards: number;
  /** JSON: the rules of placement that its first nodes do not keep. */
  relaxed: string;
  createdAtMs: number;
  expiresAtMs: number;
  /** The sender's last sign of life. */
  touchedAtMs: number;
  /** What the sender said last of itself: in which run of its program, and as which of that one's words. Empty and 0 before the first word. */
  presence: Presence;
  session: string;
  wordNumber: number;
  /** The run before. */
  formerSession: string;
  state: TransferState;
  endedAtMs: number | null;
  committedSegments: number;
  /** When to look at the seats again; null while nothing is to be done, or a turn is waited for. */
  rebuildAtMs: number | null;
  /** The segment at which the next look begins. */
  rebuildFrom: number;
  /** Looks in a row that found nothing to do but something missing. */
  rebuildPauses: number;
  /** Jobs in a row that brought no shard, the one under way among them; and until when, for that, no other is handed out. */
  fruitlessJobs: number;
  restUntilMs: number;
  /** What goes on: the upload's rest is stored, or losses are mended; null when every seat is filled or what is not can wait. */
  mending: 'hardening' | 'repair' | null;
  /** JSON of a RepairUrgency: a repair is due; null where none is. */
  wish: string | null;
  /** When it may be granted: later than now after a turn in which nothing could be done. */
  wishFromMs: number;
  /** Until when the transfer has its turn to be repaired. */
  turnUntilMs: number;
  /** What repairs have rebuilt so far. */
  repairJobs: number;
  repairShards: number;
  repairBytes: number;
};

export interface NewTransfer {
  readonly transferId: string;
  readonly ownerHash: Uint8Array;
  readonly contentBytes: number;
  readonly expiresInSeconds: number;
  readonly link: NewLink;
}

const REFUSALS: Record<EndedState, ErrorCode> = { expired: 'transfer_expired', used_up: 'transfer_used_up', revoked: 'transfer_revoked' };

export const isEnded = (state: TransferState): state is EndedState => state !== 'uploading' && state !== 'ready';

export const layoutOf = (row: TransferRow): TransferLayout => new TransferLayout(row.contentBytes, row.requiredShards);

/** When a transfer that is not ended ends by itself. */
export function endsAtMs(row: TransferRow): number {
  if (row.state !== 'uploading') return row.expiresAtMs;
  return Math.min(row.expiresAtMs, row.touchedAtMs + (row.presence === 'paused' ? PAUSED_ABANDONED_AFTER_MS : ABANDONED_AFTER_MS));
}

/** What recipients are told of the sender; null unless the transfer is uploading. */
export function senderOf(row: TransferRow, nowMs: number): Status['sender'] {
  if (row.state !== 'uploading') return null;
  return row.presence === 'active' && nowMs - row.touchedAtMs >= SILENT_AFTER_MS ? 'silent' : row.presence;
}

/** Whether the sender spoke it after everything that was heard of it. docs/protocol.md §10, live links. */
export const isNewWord = ({ session, wordNumber, formerSession }: TransferRow, word: PresenceWord): boolean =>
  word.session === session ? word.number > wordNumber : word.session !== formerSession;

/** @throws SendError `wrong_owner`. */
export function checkOwner(row: TransferRow, { hash }: Owner): void {
  if (!equalSecrets(new Uint8Array(row.ownerHash), hash)) throw new SendError('wrong_owner');
}

/** @throws SendError with the code of the ended state. */
export function checkAlive(row: TransferRow): void {
  if (isEnded(row.state)) throw new SendError(REFUSALS[row.state]);
}

/** @throws SendError `transfer_uploading`, or the code of the ended state. */
export function checkReady(row: TransferRow): void {
  checkAlive(row);
  if (row.state === 'uploading') throw new SendError('transfer_uploading');
}

/** Recipients may follow an upload from its first manifest on. @throws SendError `transfer_uploading`, or the code of the ended state. */
export function checkReadable(row: TransferRow, hasManifest: boolean): void {
  if (!hasManifest) checkReady(row);
  checkAlive(row);
}

/** @throws SendError `conflict` once nothing may be added any more, or the code of the ended state. */
export function checkUploading(row: TransferRow): void {
  checkAlive(row);
  if (row.state === 'ready') throw new SendError('conflict', 'the transfer is complete');
}

/** Whether a repeated creation says the same of the transfer as the first; its link aside. */
export const isSameTransfer = (row: TransferRow, again: NewTransfer): boolean => row.contentBytes === again.contentBytes && row.expiresInSeconds === again.expiresInSeconds;
