/** The send screen of the page and of the extension. */
import type { SendEvents } from '../../../shared/client/browser/send.ts';
import type { SendResult, UnfinishedSend, UploadState } from '../../../shared/client/types.ts';
import { SendError, type ErrorCode } from '../../../shared/protocol/errors.ts';
import { DEFAULT_CHOICES } from '../../../shared/ui/choices.ts';
import { say } from '../../../shared/ui/messages.ts';
import SendScreen from '../../../shared/ui/SendScreen.svelte';
import type { SendState } from '../../../shared/ui/send-machine.ts';
import { Sender, type SenderParts } from '../../../shared/ui/sender.svelte.ts';
import { album, chosen, crawl, halfway, ID, LINK, one, sentResult, strange, thousands, type Sample } from './samples.ts';
import { never, put, settled, type Screen } from './screen.ts';

interface Driven {
  readonly sender: Sender;
  /** Of the upload that was begun. */
  readonly events: SendEvents;
}

function open(parts: Partial<SenderParts> = {}): Driven {
  let events: SendEvents;
  const begin = (_: unknown, __: unknown, told: SendEvents) => {
    events = told;
    return { cancel: () => undefined, pause: () => undefined, proceed: () => undefined };
  };
  const sender = new Sender(
    { coordinator: () => 'https://send.example', start: begin, resume: begin, reopen: async () => null, unfinished: async () => [], giveUp: never, revoke: never, ...parts },
    DEFAULT_CHOICES,
  );
  put(SendScreen, { sender });
  return {
    sender,
    get events() {
      return events;
    },
  };
}

/** A selection, and what a person did with it. */
const picking =
  (samples: readonly Sample[], then: (sender: Sender) => void = () => undefined) =>
  (): void => {
    const { sender } = open();
    if (samples.length > 0) sender.add(chosen(samples));
    then(sender);
  };

const note = (text: string, burn = false) => picking([], (sender) => sender.write({ text, burn }));

/** An upload with its link. */
function begun(samples: readonly Sample[] | null, { isKept = true, ...parts }: Partial<SenderParts> & { isKept?: boolean } = {}): Driven {
  const driven = open(parts);
  if (samples) driven.sender.add(chosen(samples));
  else driven.sender.write({ text: 'The door code is 4711.', burn: true });
  driven.sender.start();
  driven.events.onLink(sentResult(0), isKept);
  return driven;
}

const sending = (upload: UploadState | 'cancelling') => (): void => {
  const { sender, events } = begun(album);
  events.onProgress(halfway(923_000_000));
  if (upload === 'cancelling') sender.cancel();
  else events.onState(upload);
};

const failed =
  (code: ErrorCode, unfinished: string | null, samples: readonly Sample[] | null = album) =>
  (): void => {
    const { events } = begun(samples);
    events.onError(new SendError(code), unfinished);
  };

const resumed = (): Driven => {
  const driven = open();
  driven.sender.resume(ID, chosen(one));
  return driven;
};

function done(changes: Partial<SendResult> = {}, samples: readonly Sample[] | null = album, parts: Partial<SenderParts> = {}): Sender {
  const { sender, events } = begun(samples, parts);
  events.onDone(sentResult(923_000_000, changes));
  return sender;
}

const unfinished =
  (...sends: readonly Partial<UnfinishedSend>[]) =>
  (): void => {
    const found = sends.map((send, i) => ({
      transferId: `${ID}${i}`,
      title: 'holiday film.mp4',
      fileCount: 1,
      bytes: 1_234_567_890,
      storedPart: 0.63,
      hasHandles: false,
      ...send,
    }));
    open({ unfinished: async () => found });
  };

function dragOver(): void {
  const { sender } = open();
  sender.clear();
  const transfer = new DataTransfer();
  transfer.items.add(new File([''], 'a.txt'));
  // The page listens once it stands.
  void settled().then(() => dispatchEvent(new DragEvent('dragenter', { dataTransfer: transfer })));
}

/** A folder that is long to walk. */
function readFolder(): void {
  const entry = { isDirectory: true, createReader: () => ({ readEntries: () => undefined }) };
  const item = { kind: 'file', webkitGetAsEntry: () => entry, getAsFile: () => null };
  void open().sender.addTransfer({ items: [item] } as unknown as DataTransfer);
}

const small: Partial<SendResult> = {
  survives: 0,
  placement: { totalShards: 6, survives: { nodes: 3, operators: 0 }, relaxed: ['region', 'asn', 'unvetted'] },
};

/** Every step has its screens. */
const bySteps: Readonly<Record<SendState['step'], readonly Screen[]>> = {
  picking: [
    { name: 'empty', show: picking([]) },
    { name: 'dragged-over', show: dragOver },
    { name: 'reading-folder', show: readFolder },
    { name: 'chosen-one', show: picking(one) },
    { name: 'chosen-tree', show: picking(album) },
    { name: 'chosen-strange', show: picking(strange), press: [say('list.showAll', strange.length)] },
    { name: 'chosen-thousands', show: picking(thousands) },
    { name: 'chosen-thousands-open', show: picking(thousands), press: [say('list.showAll', thousands.length)] },
    {
      name: 'chosen-options',
      show: picking(one, (sender) => {
        sender.choose({ expiresInSeconds: 300, downloadLimit: 1000 });
        sender.setPassword('correct horse battery staple');
      }),
      press: [say('password.show')],
    },
    { name: 'too-many', show: picking([...thousands, ...one]) },
    { name: 'bad-name', show: picking([...one, { path: 'x'.repeat(300), bytes: 1 }]) },
    { name: 'note-empty', show: note('') },
    { name: 'note', show: note('The door code is 4711.\nPlease burn this.', true) },
    { name: 'note-too-long', show: note('all work and no play '.repeat(52_000)) },
    { name: 'unfinished', show: unfinished({}) },
    { name: 'unfinished-folder', show: unfinished({ title: 'album/2024/beach.jpg', fileCount: 1_243, storedPart: 0 }) },
    { name: 'unfinished-unknown', show: unfinished({ storedPart: null, title: strange[1]!.path }) },
    { name: 'unfinished-closed', show: unfinished({ hasHandles: true }), press: [say('unfinished.continue', 'holiday film.mp4')] },
    { name: 'unfinished-several', show: unfinished({}, { title: 'thesis.docx', storedPart: 0.97, bytes: 4_100_000 }) },
  ],
  sending: [
    { name: 'preparing', show: () => begunWithoutLink() },
    { name: 'link-there', show: () => void begun(album) },
    { name: 'sending', show: sending('sending') },
    {
      name: 'sending-huge',
      show: () => begun(strange).events.onProgress(crawl),
    },
    { name: 'sending-unkept', show: () => void begun(one, { isKept: false }) },
    { name: 'sending-note', show: () => void begun(null) },
    { name: 'paused', show: sending('paused') },
    { name: 'offline', show: sending('offline') },
    { name: 'cancelling', show: sending('cancelling') },
    { name: 'checking', show: () => resumed().events.onProgress(halfway(1_234_567_890)) },
    {
      name: 'resumed',
      show() {
        const { events } = resumed();
        events.onLink(sentResult(0), true);
        events.onState('sending');
        events.onProgress(halfway(1_234_567_890));
      },
    },
  ],
  failed: [
    { name: 'failed', show: failed('not_enough_nodes', null) },
    { name: 'failed-for-good', show: failed('too_large', null, strange) },
    { name: 'failed-kept', show: failed('offline', ID) },
    { name: 'failed-unreadable', show: failed('file_unreadable', null, one) },
    { name: 'failed-changed', show: failed('file_changed', ID, one) },
    { name: 'failed-note', show: failed('unavailable', null, null) },
  ],
  done: [
    { name: 'done', show: () => void done() },
    { name: 'done-copied', show: () => void done(), press: [say('done.copy')] },
    { name: 'done-locked', show: () => void done({ password: true }) },
    { name: 'done-safe-already', show: () => void done({ survives: 14 }) },
    { name: 'done-small-network', show: () => void done(small) },
    { name: 'done-long-link', show: () => void done({ link: LINK.replace('send.example', `${'a-long-name.'.repeat(8)}example.org`) }) },
    { name: 'done-note', show: () => void done({}, null) },
    {
      name: 'done-resumed',
      show: () => resumed().events.onDone(sentResult(1_234_567_890)),
    },
    { name: 'withdraw-asked', show: () => done().askRevoke() },
    { name: 'withdraw-busy', show: () => withdrawing(never) },
    { name: 'withdraw-failed', show: () => withdrawing(async () => ({ ok: false, error: new SendError('offline') })) },
    { name: 'withdrawn', show: () => withdrawing(async () => ({ ok: true })) },
  ],
};

function begunWithoutLink(): void {
  const { sender } = open();
  sender.add(chosen(one));
  sender.start();
}

function withdrawing(revoke: SenderParts['revoke']): void {
  const sender = done({}, album, { revoke });
  sender.askRevoke();
  void sender.revoke();
}

export const senderScreens: readonly Screen[] = Object.values(bySteps).flat();
