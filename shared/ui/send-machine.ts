/**
 * What the send screen is doing, as data: no browser, no clock, no network. Events come from people and from
 * shared/client/browser; `nextSend` answers with the next state. A selection is dropped only by the person or by success.
 */
import type { Progress, SendResult, UploadState } from '../client/types.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import { MAX_NOTE_BYTES } from '../protocol/limits.ts';
import { addFiles, type ChosenFile } from './selection.ts';
import { forward } from './forward.ts';

export interface SendChoices {
  readonly expiresInSeconds: number;
  readonly downloadLimit: number | null;
}

/** What is being written instead of choosing files. */
export interface NoteDraft {
  readonly text: string;
  /** It may be read once. */
  readonly burn: boolean;
}

interface Chosen {
  readonly files: readonly ChosenFile[];
  /** Null where files are sent. */
  readonly note: NoteDraft | null;
  readonly choices: SendChoices;
  /** Empty for a link that opens at once. No choice to be remembered: it is gone once everything is sent. */
  readonly password: string;
}

export interface Picking extends Chosen {
  readonly step: 'picking';
  /** Why the last addition was not taken whole. */
  readonly notice: ErrorCode | null;
}
export interface Sending extends Chosen {
  readonly step: 'sending';
  readonly link: string | null;
  /** What the upload is at, or waits for. */
  readonly upload: UploadState;
  /** Whether it was begun before, maybe by another tab: with what choices is not known here. */
  readonly resumed: boolean;
  /** Whether this device remembers the transfer. */
  readonly isKept: boolean;
  /** Null until the first byte. */
  readonly progress: Progress | null;
  /** The person asked to stop; what is under way is being wound up. */
  readonly cancelling: boolean;
}
export interface Unsent extends Chosen {
  readonly step: 'failed';
  readonly code: ErrorCode;
  /** The transfer, where it can be continued: what is stored of it is kept. */
  readonly unfinished: string | null;
}
export interface Sent {
  readonly step: 'done';
  readonly fileCount: number;
  /** Null where files were sent. The text is forgotten. */
  readonly note: Pick<NoteDraft, 'burn'> | null;
  readonly choices: SendChoices;
  readonly resumed: boolean;
  readonly result: SendResult;
  readonly isKept: boolean;
  readonly revoking: 'no' | 'asking' | 'busy' | 'done' | { readonly failed: ErrorCode };
}
export type SendState = Picking | Sending | Unsent | Sent;

export type SendEvent =
  | { readonly type: 'add'; readonly files: readonly ChosenFile[] }
  | { readonly type: 'addFailed'; readonly code: ErrorCode }
  | { readonly type: 'remove'; readonly path: string }
  | { readonly type: 'clear' }
  /** Null puts the note away. */
  | { readonly type: 'write'; readonly note: NoteDraft | null }
  | { readonly type: 'choose'; readonly choices: SendChoices }
  | { readonly type: 'password'; readonly password: string }
  | { readonly type: 'start' }
  /** An upload that was begun before goes on, with these files. */
  | { readonly type: 'resume'; readonly files: readonly ChosenFile[] }
  | { readonly type: 'link'; readonly link: string; readonly isKept: boolean }
  | { readonly type: 'upload'; readonly state: UploadState }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'sent'; readonly result: SendResult }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly unfinished?: string | null }
  | { readonly type: 'cancel' }
  | { readonly type: 'change' }
  | { readonly type: 'again' }
  | { readonly type: 'askRevoke' }
  | { readonly type: 'keep' }
  | { readonly type: 'revoke' }
  | { readonly type: 'revoked' }
  | { readonly type: 'revokeFailed'; readonly code: ErrorCode };

export const startPicking = (choices: SendChoices, { files = [], note = null, password = '' }: Partial<Omit<Chosen, 'choices'>> = {}): Picking => ({
  step: 'picking',
  files,
  note,
  choices,
  password,
  notice: null,
});

/** What a note weighs, in UTF-8. */
export const noteBytes = (text: string): number => new TextEncoder().encode(text).length;

/** How often what is sent may be downloaded. */
export const limitOf = ({ note, choices }: Pick<Chosen | Sent, 'note' | 'choices'>): number | null => (note?.burn ? 1 : choices.downloadLimit);

/** Leaving the page now would lose work that cannot be taken up again. */
export const isSending = (state: SendState): boolean => state.step === 'sending';

/** Events that make no sense in a state leave it as it is. */
export function nextSend(state: SendState, event: SendEvent): SendState {
  switch (state.step) {
    case 'picking':
      return fromPicking(state, event);
    case 'sending':
      return fromSending(state, event);
    case 'failed':
      return fromFailed(state, event);
    case 'done':
      return fromDone(state, event);
  }
}

function fromPicking(state: Picking, event: SendEvent): SendState {
  switch (event.type) {
    case 'add': {
      const { files, problem } = addFiles(state.files, event.files);
      // What comes from elsewhere, such as the extension, puts away a note that nobody began.
      return { ...state, files, note: state.note?.text === '' ? null : state.note, notice: problem };
    }
    case 'addFailed':
      return { ...state, notice: event.code };
    case 'remove':
      return { ...state, files: state.files.filter((item) => item.path !== event.path), notice: null };
    case 'clear':
      return { ...state, files: [], notice: null };
    case 'write':
      return { ...state, note: event.note, notice: null };
    case 'choose':
      return { ...state, choices: event.choices };
    case 'password':
      return { ...state, password: event.password };
    case 'start': {
      const { files, note } = state;
      if (note ? note.text === '' : files.length === 0) return { ...state, notice: 'no_files' };
      return note && noteBytes(note.text) > MAX_NOTE_BYTES ? { ...state, notice: 'note_too_long' } : sendAll(state);
    }
    case 'resume':
      return resumeAll(state, event.files);
    default:
      return state;
  }
}

function fromSending(state: Sending, event: SendEvent): SendState {
  const { files, note, choices, password } = state;
  switch (event.type) {
    case 'link':
      return { ...state, link: event.link, isKept: event.isKept };
    case 'upload':
      // What was compared is no progress of the sending that follows.
      return { ...state, upload: event.state, progress: state.upload === 'checking' ? null : state.progress };
    case 'progress':
      return { ...state, progress: forward(state.progress, event.progress) };
    case 'cancel':
      return { ...state, cancelling: true };
    case 'sent':
      return {
        step: 'done',
        fileCount: files.length,
        note: note && { burn: note.burn },
        choices,
        resumed: state.resumed,
        result: event.result,
        isKept: state.isKept,
        revoking: 'no',
      };
    case 'failed':
      return event.code === 'cancelled'
        ? startPicking(choices, { files, note, password })
        : { step: 'failed', files, note, choices, password, code: event.code, unfinished: event.unfinished ?? null };
    default:
      return state;
  }
}

function fromFailed(state: Unsent, event: SendEvent): SendState {
  if (event.type === 'start') return sendAll(state);
  if (event.type === 'resume') return resumeAll(state, event.files);
  if (event.type === 'change') return startPicking(state.choices, state);
  return state;
}

function fromDone(state: Sent, event: SendEvent): SendState {
  const { revoking } = state;
  const open = revoking === 'no' || typeof revoking === 'object';
  switch (event.type) {
    case 'again':
      return startPicking(state.choices);
    case 'askRevoke':
      return open ? { ...state, revoking: 'asking' } : state;
    case 'keep':
      return revoking === 'asking' ? { ...state, revoking: 'no' } : state;
    case 'revoke':
      return revoking === 'asking' ? { ...state, revoking: 'busy' } : state;
    case 'revoked':
      return { ...state, revoking: 'done' };
    case 'revokeFailed':
      return { ...state, revoking: { failed: event.code } };
    default:
      return state;
  }
}

const sendAll = ({ files, note, choices, password }: Chosen): Sending => ({
  step: 'sending',
  files,
  note,
  choices,
  password,
  link: null,
  isKept: true,
  upload: 'sending',
  resumed: false,
  progress: null,
  cancelling: false,
});
const resumeAll = (chosen: Chosen, files: readonly ChosenFile[]): Sending => ({ ...sendAll({ ...chosen, files, note: null }), upload: 'checking', resumed: true });
