/** What the receive page is doing, as data, like send-machine.ts. */
import type { Choice } from '../client/receive/selection.ts';
import type { Progress, ReceiveResult, TransferInfo, UploadSeen } from '../client/types.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import { forward, standing } from './forward.ts';

interface Listed {
  readonly info: TransferInfo;
  /** The files that the person last wanted. */
  readonly choice: Choice;
}

export interface Locked {
  readonly step: 'locked';
  /** A fraction of 1 while a password is tried; null while the person is asked. */
  readonly trying: number | null;
  /** What came of the last try. */
  readonly refusal: Refusal | null;
}
export interface Refusal {
  readonly code: ErrorCode;
  /** Until when no further try is heard; null where the next may come at once. */
  readonly untilMs: number | null;
}
/** The network goes on by itself when it is back. */
export type PausedBy = 'person' | 'network';

export type ReceiveState =
  | { readonly step: 'opening' }
  /** The address holds no key, because the page was reloaded after it had been taken out. */
  | { readonly step: 'keyGone' }
  /** The link asks for a password. */
  | Locked
  /** The link cannot be opened, now or ever. */
  | { readonly step: 'closed'; readonly code: ErrorCode }
  /** The link is over, and the file that it was for was saved now: an earlier try had brought it here. */
  | { readonly step: 'rescued' }
  /** `doneBytes` of an earlier try are here already. */
  | ({ readonly step: 'listed'; readonly doneBytes: number } & Listed)
  | ({
      readonly step: 'receiving';
      readonly progress: Progress | null;
      /** How far the sender is; null once everything is there. */
      readonly upload: UploadSeen | null;
      /** What was received outlives the page: it may be paused. */
      readonly keeps: boolean;
      readonly ending: 'cancel' | PausedBy | null;
    } & Listed)
  | ({ readonly step: 'paused'; readonly doneBytes: number; readonly by: PausedBy } & Listed)
  | ({ readonly step: 'failed'; readonly code: ErrorCode; readonly keeps: boolean; readonly doneBytes: number } & Listed)
  | ({ readonly step: 'done'; readonly result: ReceiveResult } & Listed);

export type ReceiveEvent =
  | { readonly type: 'open' }
  | { readonly type: 'keyGone' }
  | { readonly type: 'opened'; readonly info: TransferInfo; readonly doneBytes: number }
  /** @param untilMs - when asking again makes sense, where that is known. */
  | { readonly type: 'refused'; readonly code: ErrorCode; readonly untilMs?: number | null }
  | { readonly type: 'rescued' }
  /** A password was typed. */
  | { readonly type: 'unlock' }
  | { readonly type: 'unlocking'; readonly fraction: number }
  | { readonly type: 'download'; readonly choice: Choice }
  /** Back to the list, for other files. */
  | { readonly type: 'list' }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'upload'; readonly seen: UploadSeen | null }
  | { readonly type: 'keeps' }
  | { readonly type: 'pause'; readonly by: PausedBy }
  | { readonly type: 'cancel' }
  | { readonly type: 'received'; readonly result: ReceiveResult }
  | { readonly type: 'failed'; readonly code: ErrorCode };

/** Failures after which the list itself is void: the transfer is over, so the page says so instead of offering a retry. */
const FINAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['transfer_unknown', 'transfer_expired', 'transfer_used_up', 'transfer_revoked', 'transfer_deleted', 'wrong_link']);

/** Failures that say nothing of the password that was tried. */
const ASKED_AGAIN: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['offline', 'unavailable', 'internal', 'too_many_requests']);

/** What passes by itself: the page looks again without being asked. */
export const opensLater = (state: ReceiveState): boolean => state.step === 'closed' && (state.code === 'transfer_uploading' || state.code === 'offline');

/** A list whose sender is not done yet: how far they are is asked again. */
export const showsUpload = (state: ReceiveState): boolean => state.step === 'listed' && state.info.upload !== null;

/** How many files are on their way, or were. */
export const countWanted = ({ info, choice }: Listed): number => choice?.length ?? info.files.length;

export const isReceiving = (state: ReceiveState): boolean => state.step === 'receiving';

/** Events that make no sense in a state leave it as it is. */
export function nextReceive(state: ReceiveState, event: ReceiveEvent): ReceiveState {
  switch (event.type) {
    case 'open':
      return isReceiving(state) ? state : { step: 'opening' };
    case 'keyGone':
      return state.step === 'opening' ? { step: 'keyGone' } : state;
    case 'opened':
      return isAsking(state) ? { step: 'listed', info: event.info, choice: null, doneBytes: event.doneBytes } : state;
    case 'refused':
      return isAsking(state) ? refused(state, event.code, event.untilMs ?? null) : state;
    case 'rescued':
      return isAsking(state) ? { step: 'rescued' } : state;
    case 'unlock':
      return state.step === 'locked' ? { step: 'locked', trying: 0, refusal: null } : state;
    case 'unlocking':
      return state.step === 'locked' && state.trying !== null ? { ...state, trying: Math.max(state.trying, event.fraction) } : state;
    case 'download':
      if (!('info' in state) || state.step === 'receiving') return state;
      return {
        step: 'receiving',
        info: state.info,
        choice: event.choice,
        progress: event.choice === null ? progressOf(state) : null,
        upload: state.info.upload,
        keeps: false,
        ending: null,
      };
    case 'list':
      if (!('info' in state) || state.step === 'receiving') return state;
      return { step: 'listed', info: state.info, choice: state.choice, doneBytes: 'doneBytes' in state ? state.doneBytes : 0 };
    case 'progress':
      return state.step === 'receiving' ? { ...state, progress: forward(state.progress, event.progress) } : state;
    case 'keeps':
      return state.step === 'receiving' ? { ...state, keeps: true } : state;
    case 'pause':
      return state.step === 'receiving' && state.keeps ? { ...state, ending: state.ending ?? event.by } : state;
    case 'upload':
      if (state.step === 'listed') return { ...state, info: { ...state.info, upload: event.seen } };
      if (state.step !== 'receiving') return state;
      // The pace until now was the sender's.
      return { ...state, upload: event.seen, progress: event.seen === null && state.upload !== null ? standing(state.progress) : state.progress };
    case 'cancel':
      if (state.step === 'paused') return { step: 'listed', info: state.info, choice: state.choice, doneBytes: 0 };
      return state.step === 'receiving' ? { ...state, ending: 'cancel' } : state;
    case 'received':
      return state.step === 'receiving' ? { step: 'done', info: state.info, choice: state.choice, result: event.result } : state;
    case 'failed':
      return state.step === 'receiving' ? afterFailure(state, event.code) : state;
  }
}

/** The coordinator is being asked what the link holds. */
const isAsking = (state: ReceiveState): boolean => state.step === 'opening' || (state.step === 'locked' && state.trying !== null);

/** What may go better the next time leaves the person where the password is typed. */
function refused(state: ReceiveState, code: ErrorCode, untilMs: number | null): ReceiveState {
  if (code === 'password_needed') return { step: 'locked', trying: null, refusal: null };
  const stays = code === 'wrong_password' || code === 'password_wait' || (state.step === 'locked' && ASKED_AGAIN.has(code));
  return stays ? { step: 'locked', trying: null, refusal: { code, untilMs } } : { step: 'closed', code };
}

function afterFailure({ info, choice, progress, keeps, ending }: Extract<ReceiveState, { step: 'receiving' }>, code: ErrorCode): ReceiveState {
  const doneBytes = keeps ? (progress?.doneBytes ?? 0) : 0;
  if (code === 'cancelled' || ending === 'cancel') return { step: 'listed', info, choice, doneBytes: 0 };
  if (FINAL.has(code)) return { step: 'closed', code };
  if (code === 'paused') return { step: 'paused', info, choice, doneBytes, by: ending ?? 'person' };
  if (code === 'offline' && keeps) return { step: 'paused', info, choice, doneBytes, by: 'network' };
  return { step: 'failed', info, choice, code, keeps, doneBytes };
}

/** Where the bar begins. */
function progressOf(state: ReceiveState): Progress | null {
  if (!('doneBytes' in state) || state.doneBytes === 0) return null;
  return { doneBytes: state.doneBytes, totalBytes: state.info.bytes, bytesPerSecond: 0, secondsLeft: null };
}
