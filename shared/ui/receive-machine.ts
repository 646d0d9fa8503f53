/** What the receive page is doing, as data, like send-machine.ts. */
import type { Progress, ReceiveResult, TransferInfo } from '../client/types.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import { forward } from './send-machine.ts';

export type ReceiveState =
  | { readonly step: 'opening' }
  /** The address holds no key, because the page was reloaded after it had been taken out. */
  | { readonly step: 'keyGone' }
  /** The link cannot be opened, now or ever. */
  | { readonly step: 'closed'; readonly code: ErrorCode }
  | { readonly step: 'listed'; readonly info: TransferInfo }
  | { readonly step: 'receiving'; readonly info: TransferInfo; readonly progress: Progress | null; readonly cancelling: boolean }
  | { readonly step: 'failed'; readonly info: TransferInfo; readonly code: ErrorCode }
  | { readonly step: 'done'; readonly info: TransferInfo; readonly result: ReceiveResult };

export type ReceiveEvent =
  | { readonly type: 'open' }
  | { readonly type: 'keyGone' }
  | { readonly type: 'opened'; readonly info: TransferInfo }
  | { readonly type: 'refused'; readonly code: ErrorCode }
  | { readonly type: 'download' }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'cancel' }
  | { readonly type: 'received'; readonly result: ReceiveResult }
  | { readonly type: 'failed'; readonly code: ErrorCode };

/** Failures after which the list itself is void: the transfer is over, so the page says so instead of offering a retry. */
const FINAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['transfer_unknown', 'transfer_expired', 'transfer_used_up', 'transfer_revoked', 'transfer_deleted', 'wrong_link']);

/** What passes by itself: the page looks again without being asked. */
export const opensLater = (state: ReceiveState): boolean => state.step === 'closed' && (state.code === 'transfer_uploading' || state.code === 'offline');

export const isReceiving = (state: ReceiveState): boolean => state.step === 'receiving';

/** Events that make no sense in a state leave it as it is. */
export function nextReceive(state: ReceiveState, event: ReceiveEvent): ReceiveState {
  switch (event.type) {
    case 'open':
      return isReceiving(state) ? state : { step: 'opening' };
    case 'keyGone':
      return state.step === 'opening' ? { step: 'keyGone' } : state;
    case 'opened':
      return state.step === 'opening' ? { step: 'listed', info: event.info } : state;
    case 'refused':
      return state.step === 'opening' ? { step: 'closed', code: event.code } : state;
    case 'download':
      return 'info' in state && !isReceiving(state) ? { step: 'receiving', info: state.info, progress: null, cancelling: false } : state;
    case 'progress':
      return state.step === 'receiving' ? { ...state, progress: forward(state.progress, event.progress) } : state;
    case 'cancel':
      return state.step === 'receiving' ? { ...state, cancelling: true } : state;
    case 'received':
      return state.step === 'receiving' ? { step: 'done', info: state.info, result: event.result } : state;
    case 'failed':
      if (state.step !== 'receiving') return state;
      if (event.code === 'cancelled') return { step: 'listed', info: state.info };
      return FINAL.has(event.code) ? { step: 'closed', code: event.code } : { step: 'failed', info: state.info, code: event.code };
  }
}
