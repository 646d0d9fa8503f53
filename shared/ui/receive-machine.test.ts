import { describe, expect, it } from 'vitest';
import type { TransferInfo } from '../client/types.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import { isReceiving, nextReceive, opensLater, showsUpload, type ReceiveEvent, type ReceiveState } from './receive-machine.ts';

const info: TransferInfo = {
  transferId: 'x',
  kind: 'files',
  files: [{ path: 'a.txt', bytes: 100, type: '', modifiedMs: null }],
  bytes: 100,
  expiresAtMs: 1,
  downloadsLeft: 1,
  upload: null,
};
const result = { bytes: 100, problems: [] };
const opening: ReceiveState = { step: 'opening' };
const opened: ReceiveEvent = { type: 'opened', info, doneBytes: 0 };
const download: ReceiveEvent = { type: 'download', choice: null };
const progress = (doneBytes: number): ReceiveEvent => ({
  type: 'progress',
  progress: { doneBytes, totalBytes: 100, bytesPerSecond: 1, secondsLeft: 1 },
});
const run = (events: readonly ReceiveEvent[], from: ReceiveState = opening): ReceiveState => events.reduce(nextReceive, from);

describe('the receive page', () => {
  it('lists before it downloads, and downloads only when told', () => {
    expect(run([opened])).toEqual({ step: 'listed', info, choice: null, doneBytes: 0 });
    expect(run([opened, download, progress(50)])).toMatchObject({ step: 'receiving', progress: { doneBytes: 50 } });
    expect(run([opened, download, { type: 'received', result }])).toEqual({ step: 'done', info, choice: null, result });
  });

  it('says in the list how far the sender is by now, and asks no more once everything is there', () => {
    const seen = (doneBytes: number) => ({ sender: 'active' as const, doneBytes, totalBytes: 100 });
    const listed = run([{ ...opened, info: { ...info, upload: seen(10) } }]);
    expect(showsUpload(listed)).toBe(true);
    const later = run([{ type: 'upload', seen: seen(60) }], listed);
    expect(later).toMatchObject({ step: 'listed', info: { upload: { doneBytes: 60 } } });
    expect(run([download], later)).toMatchObject({ step: 'receiving', upload: { doneBytes: 60 } });
    const ready = run([{ type: 'upload', seen: null }], later);
    expect(ready).toMatchObject({ step: 'listed', info: { upload: null } });
    expect(showsUpload(ready)).toBe(false);
  });

  it('forgets the pace at which it waited for the sender, once everything is there', () => {
    const live = { ...info, upload: { sender: 'active' as const, doneBytes: 31, totalBytes: 100 } };
    const receiving = run([{ ...opened, info: live }, download, progress(31)]);
    const ready = run([{ type: 'upload', seen: null }], receiving);
    expect(ready).toMatchObject({ step: 'receiving', upload: null, progress: { doneBytes: 31, bytesPerSecond: 0, secondsLeft: null } });
    expect(run([progress(40), { type: 'upload', seen: null }], ready)).toMatchObject({ progress: { doneBytes: 40, secondsLeft: 1 } });
  });

  it('says of a used-up link that its file was saved now, and offers no other download', () => {
    const rescued = run([{ type: 'rescued' }]);
    expect(rescued).toEqual({ step: 'rescued' });
    expect(run([download], rescued)).toBe(rescued);
    const listed = run([opened]);
    expect(run([{ type: 'rescued' }], listed)).toBe(listed);
  });

  it('cannot download what was not opened', () => {
    expect(run([download])).toBe(opening);
    const closed = run([{ type: 'refused', code: 'link_damaged' }]);
    expect(run([download], closed)).toBe(closed);
  });

  it('keeps the list after a failure that can be tried again', () => {
    const failed = run([opened, download, { type: 'failed', code: 'not_enough_shards' }]);
    expect(failed).toEqual({ step: 'failed', info, choice: null, code: 'not_enough_shards', keeps: false, doneBytes: 0 });
    expect(run([download], failed)).toMatchObject({ step: 'receiving', progress: null });
  });

  it('goes back to the list when the person cancels', () => {
    const cancelling = run([opened, download, { type: 'cancel' }]);
    expect(cancelling).toMatchObject({ step: 'receiving', ending: 'cancel' });
    expect(run([{ type: 'failed', code: 'cancelled' }], cancelling)).toEqual({ step: 'listed', info, choice: null, doneBytes: 0 });
  });

  it('remembers which files were wanted, through a failure, a retry and the way back to the list', () => {
    const some: ReceiveEvent = { type: 'download', choice: [0] };
    const failed = run([opened, some, { type: 'failed', code: 'not_enough_shards' }]);
    expect(failed).toMatchObject({ step: 'failed', choice: [0] });
    expect(run([{ type: 'list' }], failed)).toEqual({ step: 'listed', info, choice: [0], doneBytes: 0 });
    expect(run([opened, some, { type: 'received', result }, { type: 'list' }])).toEqual({ step: 'listed', info, choice: [0], doneBytes: 0 });
    const receiving = run([opened, some]);
    expect(run([{ type: 'list' }], receiving)).toBe(receiving);
    expect(run([{ type: 'cancel' }, { type: 'failed', code: 'cancelled' }], receiving)).toEqual({ step: 'listed', info, choice: [0], doneBytes: 0 });
  });

  it('goes on from what is here already', () => {
    expect(run([{ type: 'opened', info, doneBytes: 62 }, download])).toMatchObject({ step: 'receiving', progress: { doneBytes: 62, totalBytes: 100 } });
  });

  it('pauses only what is kept, and goes on from there', () => {
    const keeping: ReceiveEvent[] = [opened, download, { type: 'keeps' }, progress(40)];
    const pause: ReceiveEvent = { type: 'pause', by: 'person' };
    const stopped: ReceiveEvent = { type: 'failed', code: 'paused' };
    expect(run([opened, download, pause])).toMatchObject({ step: 'receiving', ending: null });
    const paused = run([...keeping, pause, stopped]);
    expect(paused).toEqual({ step: 'paused', info, choice: null, doneBytes: 40, by: 'person' });
    expect(run([download], paused)).toMatchObject({ step: 'receiving', progress: { doneBytes: 40 } });
    expect(run([{ type: 'cancel' }], paused)).toEqual({ step: 'listed', info, choice: null, doneBytes: 0 });
    expect(run([...keeping, pause, { type: 'cancel' }, stopped])).toEqual({ step: 'listed', info, choice: null, doneBytes: 0 });
  });

  it('waits for the network where that is what is missing', () => {
    const keeping: ReceiveEvent[] = [opened, download, { type: 'keeps' }, progress(40)];
    expect(run([...keeping, { type: 'failed', code: 'offline' }])).toMatchObject({ step: 'paused', by: 'network' });
    expect(run([...keeping, { type: 'pause', by: 'network' }, { type: 'failed', code: 'paused' }])).toMatchObject({ step: 'paused', by: 'network' });
    expect(run([opened, download, { type: 'failed', code: 'offline' }])).toMatchObject({ step: 'failed', keeps: false });
  });

  it('closes when the transfer ended meanwhile', () => {
    expect(run([opened, download, { type: 'failed', code: 'transfer_revoked' }])).toEqual({ step: 'closed', code: 'transfer_revoked' });
  });

  it('never lets the bar run backwards', () => {
    expect(run([opened, download, progress(60), progress(20)])).toMatchObject({ progress: { doneBytes: 60 } });
  });

  it('looks again by itself only at what passes', () => {
    expect(opensLater({ step: 'closed', code: 'transfer_uploading' })).toBe(true);
    expect(opensLater({ step: 'closed', code: 'offline' })).toBe(true);
    expect(opensLater({ step: 'closed', code: 'transfer_expired' })).toBe(false);
  });

  it('does not open another link in the middle of a download', () => {
    const receiving = run([opened, download]);
    expect(isReceiving(receiving)).toBe(true);
    expect(run([{ type: 'open' }], receiving)).toBe(receiving);
  });

  it('says kindly that a reload lost the key', () => expect(run([{ type: 'keyGone' }])).toEqual({ step: 'keyGone' }));
});

describe('a link that asks for a password', () => {
  const locked = run([{ type: 'refused', code: 'password_needed' }]);
  const unlock: ReceiveEvent = { type: 'unlock' };
  const refused = (code: ErrorCode, untilMs: number | null = null): ReceiveEvent => ({ type: 'refused', code, untilMs });

  it('asks, tries, and opens', () => {
    expect(locked).toEqual({ step: 'locked', trying: null, refusal: null });
    expect(run([unlock, { type: 'unlocking', fraction: 0.5 }], locked)).toEqual({ step: 'locked', trying: 0.5, refusal: null });
    expect(run([unlock, { type: 'unlocking', fraction: 0.5 }, { type: 'unlocking', fraction: 0.4 }], locked)).toMatchObject({ trying: 0.5 });
    expect(run([unlock, opened], locked)).toEqual({ step: 'listed', info, choice: null, doneBytes: 0 });
  });

  it.each<[ErrorCode, number | null]>([
    ['wrong_password', null],
    ['wrong_password', 30_000],
    ['password_wait', 60_000],
    ['offline', null],
    ['unavailable', null],
  ])('asks again after %s, until when nothing is heard: %j', (code, untilMs) => {
    const again = run([unlock, refused(code, untilMs)], locked);
    expect(again).toEqual({ step: 'locked', trying: null, refusal: { code, untilMs } });
    expect(run([unlock], again)).toEqual({ step: 'locked', trying: 0, refusal: null });
  });

  it.each<ErrorCode>(['transfer_expired', 'transfer_revoked', 'transfer_unknown', 'wrong_link', 'wrong_key', 'transfer_uploading'])('is not asked for again after %s', (code) => {
    expect(run([unlock, refused(code)], locked)).toEqual({ step: 'closed', code });
  });

  it('is asked again when a password that was remembered is not heard', () => {
    expect(run([refused('password_wait', 60_000)])).toMatchObject({ step: 'locked', refusal: { code: 'password_wait', untilMs: 60_000 } });
  });

  it('answers nothing that nobody asked', () => {
    for (const event of [opened, refused('wrong_password'), { type: 'unlocking', fraction: 1 } as const]) expect(run([event], locked)).toBe(locked);
    expect(run([unlock])).toBe(opening);
  });
});
