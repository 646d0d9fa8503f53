/** What the page of sent transfers shows and what goes on there, as data: no browser, no clock, no network. */
import type { SendRecord } from '../../client/sends/index.ts';
import type { ErrorCode } from '../../protocol/errors.ts';

/** What can be done with one transfer, or with one of its links. */
export interface Task {
  readonly what: 'withdraw' | 'expiry' | 'keep' | 'add' | 'repeat' | 'label' | 'limit' | 'revoke';
  /** Null for what is done to the whole transfer. */
  readonly linkId: string | null;
}

/** What a person is doing with one transfer: one thing at a time. */
export type Doing =
  | { readonly step: 'nothing' }
  | { readonly step: 'asking'; readonly task: Task }
  /** `fraction`: of the work that a password makes; null where there is none. */
  | { readonly step: 'busy'; readonly task: Task; readonly fraction: number | null }
  | { readonly step: 'done'; readonly task: Task }
  | { readonly step: 'failed'; readonly task: Task; readonly code: ErrorCode };

export interface SendsRow {
  readonly record: SendRecord;
  readonly isOpen: boolean;
  readonly doing: Doing;
}

export type SendsState =
  | { readonly step: 'loading' }
  | { readonly step: 'failed'; readonly code: ErrorCode }
  | { readonly step: 'shown'; readonly rows: readonly SendsRow[]; readonly unreadable: readonly string[]; readonly isOffline: boolean };

export type SendsEvent =
  | { readonly type: 'listed'; readonly records: readonly SendRecord[]; readonly unreadable: readonly string[] }
  | { readonly type: 'unlisted'; readonly code: ErrorCode }
  | { readonly type: 'learned'; readonly record: SendRecord }
  | { readonly type: 'reached'; readonly isOffline: boolean }
  | { readonly type: 'toggle'; readonly transferId: string }
  | { readonly type: 'do'; readonly transferId: string; readonly doing: Doing }
  | { readonly type: 'removed'; readonly transferId: string };

/** @returns whether this is being done, or what became of this. */
export const isAbout = (doing: Doing, what: Task['what'], linkId: string | null = null): boolean =>
  doing.step !== 'nothing' && doing.task.what === what && doing.task.linkId === linkId;

const NOTHING: Doing = { step: 'nothing' };

/** Events of rows that are gone change nothing. */
export function nextSends(state: SendsState, event: SendsEvent): SendsState {
  if (event.type === 'listed') return listed(state, event.records, event.unreadable);
  // What is in sight stays: it is no less true because it cannot be read again right now.
  if (event.type === 'unlisted') return state.step === 'shown' ? state : { step: 'failed', code: event.code };
  if (state.step !== 'shown') return state;
  const change = (transferId: string, next: (row: SendsRow) => SendsRow): SendsState => ({
    ...state,
    rows: state.rows.map((row) => (row.record.transferId === transferId ? next(row) : row)),
  });
  switch (event.type) {
    case 'learned':
      return change(event.record.transferId, (row) => ({ ...row, record: event.record }));
    case 'reached':
      return { ...state, isOffline: event.isOffline };
    case 'toggle':
      return change(event.transferId, (row) => ({ ...row, isOpen: !row.isOpen, doing: row.doing.step === 'busy' ? row.doing : NOTHING }));
    case 'do':
      return change(event.transferId, (row) => ({ ...row, doing: event.doing }));
    case 'removed':
      return {
        ...state,
        rows: state.rows.filter((row) => row.record.transferId !== event.transferId),
        unreadable: state.unreadable.filter((id) => id !== event.transferId),
      };
  }
}

function listed(state: SendsState, records: readonly SendRecord[], unreadable: readonly string[]): SendsState {
  const before = new Map(state.step === 'shown' ? state.rows.map((row) => [row.record.transferId, row]) : []);
  const rows = records.map((record) => ({ isOpen: false, doing: NOTHING, ...before.get(record.transferId), record }));
  return { step: 'shown', rows, unreadable, isOffline: state.step === 'shown' && state.isOffline };
}
