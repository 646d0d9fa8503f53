/** The receive page. */
import type { Previews } from '../../../shared/client/browser/preview.ts';
import type { PreviewKind } from '../../../shared/client/browser/preview-kinds.ts';
import type { NoteEvents, ReceiveEvents } from '../../../shared/client/browser/receive.ts';
import type { Choice } from '../../../shared/client/receive/selection.ts';
import type { Progress, TransferInfo, UploadSeen } from '../../../shared/client/types.ts';
import { SendError, type ErrorCode } from '../../../shared/protocol/errors.ts';
import { loadLinkViews } from '../../../shared/ui/link-views.ts';
import { say } from '../../../shared/ui/messages.ts';
import { receivingTexts } from '../../../shared/ui/messages/receiving.ts';
import ReceiveScreen from '../../../shared/ui/ReceiveScreen.svelte';
import type { ReceiveState } from '../../../shared/ui/receive-machine.ts';
import { Receiver, type ReceiverParts } from '../../../shared/ui/receiver.svelte.ts';
import { album, crawl, halfway, ID, infoOf, LINK, one, strange, thousands, type Sample } from './samples.ts';
import { never, put, type Screen } from './screen.ts';

interface Driven {
  readonly receiver: Receiver;
  /** Of the download that was begun. */
  readonly events: ReceiveEvents & NoteEvents;
}

function page(parts: Partial<ReceiverParts>): Driven {
  let events: ReceiveEvents & NoteEvents;
  const begin = (_: string, __: unknown, told: unknown) => {
    events = told as ReceiveEvents & NoteEvents;
    return { cancel: () => undefined, pause: () => undefined };
  };
  const receiver = new Receiver({
    open: never,
    loadViews: loadLinkViews,
    seeUpload: never,
    isVisible: () => true,
    start: (link, key, _, told) => begin(link, key, told),
    openPreviews: never,
    readNote: begin,
    forget: never,
    now: () => Date.now(),
    later: () => () => undefined,
    ...parts,
  });
  put(ReceiveScreen, { receiver });
  return {
    receiver,
    get events() {
      return events;
    },
  };
}

async function opened(info: TransferInfo, { doneBytes = 0, ...parts }: Partial<ReceiverParts> & { doneBytes?: number } = {}): Promise<Driven> {
  const driven = page({ open: async () => ({ ok: true, info, doneBytes, passwordKey: null }), ...parts });
  await driven.receiver.open(LINK);
  return driven;
}

const listed =
  (samples: readonly Sample[], changes: Partial<TransferInfo> = {}, doneBytes = 0) =>
  async (): Promise<void> =>
    void (await opened(infoOf(samples, changes), { doneBytes }));

/** @param refusals - of one try after the other; the last one stays under way where it is null. */
const locked =
  (...refusals: readonly (SendError | null)[]) =>
  async (): Promise<void> => {
    const answers = [new SendError('password_needed'), ...refusals];
    const { receiver } = page({
      open(_, password) {
        const error = answers.shift()!;
        if (error === null && password !== null && 'onProgress' in password) password.onProgress(0.42);
        return error === null ? never() : Promise.resolve({ ok: false, error, rescued: false, passwordKey: null });
      },
    });
    await receiver.open(LINK);
    for (const refusal of refusals) {
      const tried = receiver.unlock('not it');
      if (refusal !== null) await tried;
    }
  };

const closed = (code: ErrorCode) => async (): Promise<void> => {
  const { receiver } = page({ open: async () => ({ ok: false, error: new SendError(code), rescued: false, passwordKey: null }) });
  await receiver.open(LINK);
};

interface Under {
  readonly samples?: readonly Sample[];
  readonly changes?: Partial<TransferInfo>;
  readonly choice?: Choice;
  readonly keeps?: boolean;
  readonly progress?: Progress | null;
}
/** A download under way, and what happens to it then. */
const receiving =
  ({ samples = album, changes = {}, choice = null, keeps = true, progress = halfway(923_000_000) }: Under, then: (driven: Driven) => void = () => undefined) =>
  async (): Promise<void> => {
    const driven = await opened(infoOf(samples, changes));
    driven.receiver.download(choice);
    if (keeps) driven.events.onKeeps();
    if (progress) driven.events.onProgress(progress);
    then(driven);
  };
const fails =
  (code: ErrorCode) =>
  ({ events }: Driven) =>
    events.onError(new SendError(code));
const halves =
  (then: (driven: Driven) => void) =>
  (driven: Driven): void => {
    driven.events.onHalf();
    then(driven);
  };
const ends = ({ events }: Driven) => events.onDone({ bytes: 923_000_000, problems: [] });

const aNote = [{ path: 'note.txt', bytes: 44 }];
const noteRead = (text: string, downloadsLeft: number | null = null) =>
  receiving({ samples: aNote, changes: { kind: 'note', downloadsLeft }, progress: null }, ({ events }) => events.onNote(text, { bytes: 44, problems: [] }));

const seen = (sender: UploadSeen['sender'], doneBytes = 387_000_000): UploadSeen => ({ sender, doneBytes, totalBytes: 923_000_000 });

/** What a look at a file comes to. Frames are looked at in previews.test.ts: the service worker makes them. */
const preview =
  (kind: PreviewKind | null | SendError | 'opening', text = '') =>
  async (): Promise<void> => {
    const previews = {
      look: () => (kind === 'opening' ? never<PreviewKind>() : kind instanceof SendError ? Promise.reject(kind) : Promise.resolve(kind)),
      read: async () => new Blob([text]),
      close: () => undefined,
    } as unknown as Previews;
    await opened(infoOf([{ path: 'field report.txt', bytes: 3 * 2 ** 20 }]), { openPreviews: async () => previews });
  };
const looking = [say('preview.look')];

/** Those with a title of their own, and one of the others. */
const CLOSED: readonly ErrorCode[] = [...Object.keys(receivingTexts).flatMap((key) => /^state\.(\w+)\.title$/.exec(key)?.[1] ?? []), 'internal']
  .filter((code) => code !== 'keyGone' && code !== 'other' && code !== 'password_wait')
  .map((code) => code as ErrorCode);

/** Every step has its screens. */
const bySteps: Readonly<Record<ReceiveState['step'], readonly Screen[]>> = {
  opening: [{ name: 'opening', show: () => void page({}).receiver.open(LINK) }],
  keyGone: [{ name: 'key-gone', show: () => page({}).receiver.keyGone() }],
  locked: [
    { name: 'locked', show: locked() },
    { name: 'locked-trying', show: locked(null) },
    { name: 'locked-wrong', show: locked(new SendError('wrong_password')) },
    { name: 'locked-slowed', show: locked(new SendError('password_wait', undefined, { retryAfterSeconds: 3_599 })) },
    { name: 'locked-offline', show: locked(new SendError('offline')) },
  ],
  closed: CLOSED.map((code) => ({ name: `closed-${code}`, show: closed(code) })),
  rescued: [
    {
      name: 'rescued',
      show: () => page({ open: async () => ({ ok: false, error: new SendError('transfer_used_up'), rescued: true, passwordKey: null }) }).receiver.open(LINK),
    },
  ],
  listed: [
    { name: 'listed', show: listed([{ path: 'drawings.dwg', bytes: 73_400_320 }]) },
    { name: 'listed-with-preview', show: listed(one) },
    { name: 'listed-counted', show: listed(one, { downloadsLeft: 3, expiresAtMs: Date.now() + 200_000 }) },
    { name: 'listed-here-already', show: listed(one, {}, 777_777_777) },
    { name: 'listed-long-name', show: listed([strange[0]!]) },
    { name: 'listed-live', show: listed(one, { upload: seen('active') }) },
    { name: 'listed-live-paused', show: listed(one, { upload: seen('paused') }) },
    { name: 'listed-live-silent', show: listed(one, { upload: seen('silent', 0) }) },
    { name: 'tree', show: listed(album) },
    { name: 'tree-some', show: listed(album), press: ['contract.pdf', '2024'] },
    { name: 'tree-none', show: listed(album), press: [say('tree.all')] },
    { name: 'tree-one-strange', show: listed(strange), press: [say('tree.all'), strange[1]!.path] },
    { name: 'tree-closed', show: listed(album), press: [say('tree.folder', 'album', 5)] },
    { name: 'tree-strange', show: listed(strange, { downloadsLeft: 1_000 }) },
    { name: 'tree-thousands', show: listed(thousands) },
    { name: 'note-closed', show: listed(aNote, { kind: 'note' }) },
    { name: 'note-closed-once', show: listed(aNote, { kind: 'note', downloadsLeft: 1 }) },
    { name: 'preview-opening', show: preview('opening'), press: looking },
    { name: 'preview-text', show: preview({ kind: 'text' }, 'Monday: rain.\n\tTuesday: more of it, and a line that is far too long for any screen. '.repeat(60)), press: looking },
    { name: 'preview-pdf', show: preview({ kind: 'pdf' }), press: looking },
    { name: 'preview-none', show: preview(null), press: looking },
    { name: 'preview-failed', show: preview(new SendError('not_enough_shards')), press: looking },
  ],
  receiving: [
    { name: 'starting', show: receiving({ keeps: false, progress: null }) },
    { name: 'receiving', show: receiving({}) },
    { name: 'receiving-streamed', show: receiving({ samples: one, keeps: false }) },
    { name: 'receiving-some', show: receiving({ choice: [1, 5] }) },
    { name: 'receiving-huge', show: receiving({ samples: strange, progress: crawl }) },
    { name: 'receiving-live', show: receiving({ changes: { upload: seen('active') } }) },
    { name: 'receiving-live-paused', show: receiving({ changes: { upload: seen('paused') } }) },
    { name: 'receiving-live-silent', show: receiving({ changes: { upload: seen('silent') } }) },
    { name: 'pausing', show: receiving({}, ({ receiver }) => receiver.pause()) },
    { name: 'cancelling', show: receiving({}, ({ receiver }) => receiver.cancel()) },
    { name: 'note-opening', show: receiving({ samples: aNote, changes: { kind: 'note' }, keeps: false, progress: null }) },
  ],
  paused: [
    { name: 'paused', show: receiving({}, fails('paused')) },
    { name: 'waiting-for-network', show: receiving({}, fails('offline')) },
  ],
  failed: [
    { name: 'failed', show: receiving({ keeps: false }, fails('not_enough_shards')) },
    { name: 'failed-kept', show: receiving({}, fails('disk_full')) },
    { name: 'failed-with-half', show: receiving({ samples: one, keeps: false }, halves(fails('disk_failed'))) },
    { name: 'failed-for-good', show: receiving({ samples: one }, fails('wrong_key')) },
    { name: 'failed-elsewhere', show: receiving({ samples: one, changes: { downloadsLeft: 1 }, keeps: false, progress: null }, fails('downloads_in_progress')) },
  ],
  done: [
    { name: 'done', show: receiving({ samples: one }, ends) },
    { name: 'done-many', show: receiving({}, ends) },
    { name: 'done-some', show: receiving({ choice: [1, 5] }, ends) },
    { name: 'done-last', show: receiving({ samples: one, changes: { downloadsLeft: 1 } }, ends) },
    { name: 'done-with-half', show: receiving({ samples: one }, halves(ends)) },
    {
      name: 'done-with-problems',
      show: receiving({}, ({ events }) =>
        events.onDone({ bytes: 923_000_000, problems: ['a', 'b'].map((nodeId, shardIndex) => ({ shardIndex, nodeId, url: '', code: 'shard_mismatch' })) }),
      ),
    },
    { name: 'note', show: noteRead('The door code is 4711.\nRing twice.') },
    { name: 'note-burnt', show: noteRead('The door code is 4711.', 1) },
    { name: 'note-hidden', show: noteRead('The door code is 4711.'), press: [say('note.hide')] },
    { name: 'note-strange', show: noteRead(`${'unbreakable'.repeat(40)}\nرمز الباب ٤٧١١ ${ID}\n${'line\n'.repeat(30)}`) },
  ],
};

export const recipientScreens: readonly Screen[] = Object.values(bySteps).flat();
