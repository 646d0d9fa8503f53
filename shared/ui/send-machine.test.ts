import { describe, expect, it } from 'vitest';
import type { SendResult } from '../client/types.ts';
import { isSending, limitOf, nextSend, startPicking, type SendEvent, type SendState } from './send-machine.ts';

const choices = { expiresInSeconds: 3600, downloadLimit: 5 };
const file = { path: 'a.txt', file: new File(['a'], 'a.txt') };
const other = { path: 'b.txt', file: new File(['b'], 'b.txt') };
const result: SendResult = {
  link: 'https://send.example/d/x#y',
  linkId: 'l',
  password: false,
  contentSecret: 's',
  createdAtMs: 1,
  transferId: 'x',
  ownerToken: 't',
  bytes: 1,
  sentBytes: 2,
  expiresAtMs: 3,
  survives: 4,
  placement: { totalShards: 24, survives: { nodes: 14, operators: 14 }, relaxed: [] },
  problems: [],
};
const progress = (doneBytes: number) => ({ doneBytes, totalBytes: 100, bytesPerSecond: 1, secondsLeft: 1 });
const run = (events: readonly SendEvent[], from: SendState = startPicking(choices)): SendState => events.reduce(nextSend, from);
const add: SendEvent = { type: 'add', files: [file] };
const start: SendEvent = { type: 'start' };

describe('the send screen', () => {
  it('does not start without files and says why', () => {
    expect(run([start])).toMatchObject({ step: 'picking', notice: 'no_files' });
  });

  it('keeps the password through a failure and drops it with success', () => {
    const chosen = run([add, { type: 'password', password: 'secret' }, start]);
    expect(chosen).toMatchObject({ step: 'sending', password: 'secret' });
    for (const code of ['offline', 'cancelled'] as const)
      expect(run([{ type: 'failed', code }, { type: 'change' }], chosen)).toMatchObject({ step: 'picking', password: 'secret' });
    const sent = run([{ type: 'sent', result }], chosen);
    expect(JSON.stringify(sent)).not.toContain('secret');
    expect(run([{ type: 'again' }], sent)).toMatchObject({ step: 'picking', password: '' });
  });

  it('goes from files to a link', () => {
    const state = run([add, start, { type: 'link', link: result.link, isKept: true }, { type: 'progress', progress: progress(50) }, { type: 'sent', result }]);
    expect(state).toEqual({ step: 'done', fileCount: 1, note: null, choices, resumed: false, result, isKept: true, revoking: 'no' });
  });

  it('keeps selection and choices through a failure, and tries again with them', () => {
    const failed = run([add, start, { type: 'failed', code: 'offline' }]);
    expect(failed).toEqual({ step: 'failed', files: [file], note: null, choices, password: '', code: 'offline', unfinished: null });
    expect(run([start], failed)).toEqual({
      step: 'sending',
      files: [file],
      note: null,
      choices,
      password: '',
      link: null,
      isKept: true,
      upload: 'sending',
      resumed: false,
      progress: null,
      cancelling: false,
    });
    expect(run([{ type: 'change' }], failed)).toEqual(startPicking(choices, { files: [file] }));
  });

  it('keeps the selection when the person cancels, without an error', () => {
    const cancelling = run([add, start, { type: 'cancel' }]);
    expect(cancelling).toMatchObject({ step: 'sending', cancelling: true });
    expect(run([{ type: 'failed', code: 'cancelled' }], cancelling)).toEqual(startPicking(choices, { files: [file] }));
  });

  it('never lets the bar run backwards', () => {
    const state = run([add, start, { type: 'progress', progress: progress(60) }, { type: 'progress', progress: progress(40) }]);
    expect(state).toMatchObject({ progress: { doneBytes: 60 } });
  });

  it('ignores what comes too late', () => {
    const picking = run([add]);
    expect(
      run(
        [
          { type: 'progress', progress: progress(1) },
          { type: 'sent', result },
          { type: 'failed', code: 'offline' },
        ],
        picking,
      ),
    ).toBe(picking);
    const sending = run([add, start]);
    expect(run([{ type: 'clear' }, { type: 'remove', path: 'a.txt' }, add, start], sending)).toBe(sending);
  });

  it('warns about leaving only while bytes are on their way', () => {
    expect([run([add]), run([add, start]), run([add, start, { type: 'sent', result }])].map(isSending)).toEqual([false, true, false]);
  });

  it('removes files and drops the notice', () => {
    const state = run([add, { type: 'add', files: [other] }, { type: 'addFailed', code: 'file_unreadable' }, { type: 'remove', path: 'a.txt' }]);
    expect(state).toMatchObject({ files: [other], notice: null });
    expect(run([{ type: 'clear' }], state)).toMatchObject({ files: [] });
  });
});

describe('withdrawing', () => {
  const done = run([add, start, { type: 'sent', result }]);

  it('asks first', () => {
    expect(run([{ type: 'revoke' }], done)).toBe(done);
    expect(run([{ type: 'askRevoke' }, { type: 'keep' }], done)).toEqual(done);
    expect(run([{ type: 'askRevoke' }, { type: 'revoke' }, { type: 'revoked' }], done)).toMatchObject({ revoking: 'done' });
  });

  it('shows why it failed and can be tried again', () => {
    const failed = run([{ type: 'askRevoke' }, { type: 'revoke' }, { type: 'revokeFailed', code: 'offline' }], done);
    expect(failed).toMatchObject({ revoking: { failed: 'offline' } });
    expect(run([{ type: 'askRevoke' }], failed)).toMatchObject({ revoking: 'asking' });
  });

  it('starts over with the same choices and no files', () => {
    expect(run([{ type: 'again' }], done)).toEqual(startPicking(choices));
  });
});

describe('a note', () => {
  const write = (text: string, burn = false): SendEvent => ({ type: 'write', note: { text, burn } });

  it('is sent instead of files, and kept until it is sent', () => {
    expect(run([write(''), start])).toMatchObject({ step: 'picking', notice: 'no_files' });
    expect(run([write('x'.repeat(1024 * 1024 + 1)), start])).toMatchObject({ step: 'picking', notice: 'note_too_long' });
    const failed = run([write('secret', true), start, { type: 'failed', code: 'offline' }]);
    expect(failed).toMatchObject({ step: 'failed', note: { text: 'secret' } });
    expect(run([{ type: 'change' }], failed)).toEqual(startPicking(choices, { note: { text: 'secret', burn: true } }));
  });

  it('is forgotten once it is sent, and so is that it was to be burnt', () => {
    const done = run([write('secret', true), start, { type: 'sent', result }]);
    expect(JSON.stringify(done)).not.toContain('secret');
    expect(limitOf(done as never)).toBe(1);
    const again = run([{ type: 'again' }], done);
    expect(again).toEqual(startPicking(choices));
  });

  it('is put away for files only by the person, or where nothing was written', () => {
    expect(run([write('secret'), add])).toMatchObject({ note: { text: 'secret' } });
    expect(run([write(''), add])).toMatchObject({ note: null });
    expect(run([write('secret'), { type: 'write', note: null }])).toEqual(startPicking(choices));
  });
});
