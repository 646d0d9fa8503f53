import fc from 'fast-check';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { MemoryBoxes, Vault, VaultSendStore, generateEntryKey, type SendRecord } from '../../client/sends/index.ts';
import { sendRecords } from '../../client/testing/send-records.ts';
import { encodeB64 } from '../../protocol/bytes.ts';
import { SendError, type ErrorCode } from '../../protocol/errors.ts';
import type { OwnerStatus } from '../../protocol/messages.ts';
import { downloadsText, handyLink, healthText, limitsFor, linkNameOf, linkOf, linkText, nameOf, stateOf } from './send-facts.ts';
import type { Control } from './sends.svelte.ts';
import { isAbout, nextSends, type Doing, type SendsEvent, type SendsState, type Task } from './sends-machine.ts';

const record: SendRecord = {
  ...fc.sample(sendRecords, { seed: 3, numRuns: 1 })[0]!,
  expiresAtMs: 1000,
  upload: null,
  notify: false,
  toldDownloads: 0,
  lastSeen: null,
};
const { transferId } = record;
const seen = (state: NonNullable<SendRecord['lastSeen']>['state']): SendRecord => ({
  ...record,
  lastSeen: { atMs: 1, state, downloads: { limit: 5, committed: 2 }, links: [], survives: 7, totalShards: 12 },
});
const run = (events: readonly SendsEvent[], from: SendsState = { step: 'loading' }): SendsState => events.reduce(nextSends, from);
const withdraw: Task = { what: 'withdraw', linkId: null };
const asking: Doing = { step: 'asking', task: withdraw };
const listed: SendsEvent = { type: 'listed', records: [record], unreadable: ['x'] };

describe('the page of sends', () => {
  test('keeps what a person was doing with a row through every new list', () => {
    const state = run([listed, { type: 'toggle', transferId }, { type: 'do', transferId, doing: asking }, { type: 'listed', records: [seen('ready')], unreadable: [] }]);
    expect(state).toEqual({ step: 'shown', rows: [{ record: seen('ready'), isOpen: true, doing: asking }], unreadable: [], isOffline: false });
  });

  test('shows what it has when the list cannot be read again, and says so when it never could be', () => {
    expect(run([listed, { type: 'unlisted', code: 'record_unsaved' }])).toEqual(run([listed]));
    expect(run([{ type: 'unlisted', code: 'record_unsaved' }])).toEqual({ step: 'failed', code: 'record_unsaved' });
  });

  test('closing a row drops its question, but not what is under way', () => {
    const doing = (step: 'asking' | 'busy'): SendsEvent => ({ type: 'do', transferId, doing: step === 'busy' ? { step, task: withdraw, fraction: null } : asking });
    expect(run([listed, doing('asking'), { type: 'toggle', transferId }])).toMatchObject({ rows: [{ doing: { step: 'nothing' } }] });
    expect(run([listed, doing('busy'), { type: 'toggle', transferId }])).toMatchObject({ rows: [{ doing: { step: 'busy' } }] });
  });

  test('forgets what was removed, rows and unreadable entries alike; what comes for them later changes nothing', () => {
    const state = run([listed, { type: 'removed', transferId }, { type: 'removed', transferId: 'x' }, { type: 'learned', record }]);
    expect(state).toEqual({ step: 'shown', rows: [], unreadable: [], isOffline: false });
  });

  test('knows what is done to one link from the same done to another, and to the transfer', () => {
    const busy: Doing = { step: 'busy', task: { what: 'revoke', linkId: 'a' }, fraction: null };
    expect([isAbout(busy, 'revoke', 'a'), isAbout(busy, 'revoke', 'b'), isAbout(busy, 'limit', 'a'), isAbout(busy, 'withdraw'), isAbout({ step: 'nothing' }, 'withdraw')]).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  test('events before the list change nothing', () => {
    const early: SendsEvent[] = [
      { type: 'learned', record },
      { type: 'reached', isOffline: true },
      { type: 'removed', transferId },
    ];
    for (const event of early) expect(run([event])).toEqual({ step: 'loading' });
  });
});

describe('what is said of a transfer', () => {
  test('is its state by the coordinator’s last word, and by the clock where that is older', () => {
    expect(stateOf(record, 0)).toBe('ready');
    expect(stateOf({ ...record, upload: { state: 'sending' } }, 0)).toBe('uploading');
    expect(stateOf({ ...record, upload: { state: 'paused' } }, 0)).toBe('paused');
    expect(stateOf(seen('ready'), 999)).toBe('ready');
    expect(stateOf(seen('ready'), 1000)).toBe('expired');
    for (const state of ['expired', 'used_up', 'revoked', 'unknown'] as const) expect(stateOf(seen(state), 0)).toBe(state);
  });

  test('is how many downloads were made of how many, and how many computers can fail', () => {
    expect(downloadsText(seen('ready'))).toBe('2 of 5');
    expect(downloadsText(record)).toBe('0, no limit');
    expect(healthText(seen('ready'))).toBe('Any 7 of 12 computers can fail');
    expect(healthText({ ...record, lastSeen: { ...seen('ready').lastSeen!, survives: 1 } })).toBe('Any one of 12 computers can fail');
    expect(healthText({ ...record, lastSeen: { ...seen('ready').lastSeen!, survives: 0 } })).toBe('No computer that keeps it may fail now');
    expect(healthText({ ...record, lastSeen: { ...seen('ready').lastSeen!, survives: -1 } })).toContain('away');
    expect(healthText(seen('used_up'))).toBeNull();
    expect(nameOf({ title: 'a/b/c.txt' })).toBe('c.txt');
  });
});

describe('what is said of a link', () => {
  const links = ['first', 'second', 'third'].map((linkId, i) => ({ linkId, link: linkId, label: i === 1 ? 'for Ada' : '', password: false }));
  const known: SendRecord = {
    ...record,
    links,
    lastSeen: {
      ...seen('ready').lastSeen!,
      links: [
        { linkId: 'first', state: 'revoked', downloads: { limit: null, committed: 4 } },
        { linkId: 'second', state: 'open', downloads: { limit: 5, committed: 2 } },
      ],
    },
  };
  const text = (linkId: string): string => linkText(linkOf(known, linkId));

  test('is its label or its number, its state and its own downloads; one that was not confirmed is no working one', () => {
    expect(links.map((link) => linkNameOf(known, link))).toEqual(['Link 1', 'for Ada', 'Link 3']);
    expect([text('first'), text('second')]).toEqual(['Withdrawn. Downloads: 4', 'Open. Downloads: 2 of 5']);
    expect(text('third')).toContain('Not confirmed');
    expect(handyLink(known)?.linkId).toBe('second');
    expect(linkOf({ ...known, lastSeen: null }, 'first').state).toBe('open');
  });

  test('a limit is offered where it leaves a download, and the one that there is', () => {
    expect(limitsFor({ state: 'open', limit: 5, committed: 2 })).toEqual([null, 5, 10, 25, 100]);
    expect(limitsFor({ state: 'used_up', limit: 3, committed: 3 })).toEqual([null, 3, 5, 10, 25, 100]);
  });
});

describe('Sends', () => {
  const linkWith = (committed: number): OwnerStatus['links'][number] => ({
    linkId: transferId,
    state: 'open',
    downloads: { limit: 5, committed, claimed: 0 },
    password: false,
    wrongTries: 0,
  });
  const status = (values: Partial<OwnerStatus> = {}): OwnerStatus => ({
    transferId,
    state: 'ready',
    sender: null,
    requiredShards: 5,
    totalShards: 12,
    contentBytes: 4096,
    createdAtMs: 0,
    expiresAtMs: 5000,
    links: [linkWith(0)],
    segments: { total: 1, committed: 1 },
    survives: 7,
    ...values,
  });
  let store: VaultSendStore;
  let answer: () => OwnerStatus;
  let told: number[];
  let later: (() => void)[];
  const refuse = (code: ErrorCode) => (): never => {
    throw new SendError(code);
  };
  let links: Pick<Control, 'addLink' | 'repeatLink' | 'changeLimit' | 'revokeLink'>;
  async function open() {
    vi.stubGlobal(
      '$state',
      Object.assign((value: unknown) => value, { raw: (value: unknown) => value }),
    );
    const { Sends } = await import('./sends.svelte.ts');
    return new Sends({
      store,
      control: () => ({ status: async () => answer(), extend: async (seconds) => status({ expiresAtMs: seconds }), revoke: async () => undefined, ...links }),
      now: () => 1,
      later: (callback) => {
        later.push(callback);
        return () => void later.splice(later.indexOf(callback), 1);
      },
      onDownloads: (count) => told.push(count),
    });
  }
  beforeEach(async () => {
    store = new VaultSendStore(new Vault(new MemoryBoxes(await generateEntryKey())));
    await store.put(record);
    answer = () => status();
    links = { addLink: refuse('internal'), repeatLink: refuse('internal'), changeLimit: refuse('internal'), revokeLink: refuse('internal') };
    told = [];
    later = [];
  });

  test('asks how each transfer stands, keeps the answer, and asks again while it is seen', async () => {
    const sends = await open();
    await sends.refresh();
    expect(sends.state).toMatchObject({ step: 'shown', isOffline: false, rows: [{ record: { expiresAtMs: 5000, lastSeen: { state: 'ready', survives: 7 } } }] });
    expect((await store.get(transferId))?.lastSeen?.state).toBe('ready');
    expect(later.length).toBe(1);
    sends.see(false);
    expect(later.length).toBe(0);
    sends.stop();
    sends.see(true);
    await sends.refresh();
    expect(later.length).toBe(0);
  });

  test('shows what was known last while nobody answers', async () => {
    const sends = await open();
    await sends.refresh();
    answer = refuse('offline');
    await sends.refresh();
    expect(sends.state).toMatchObject({ isOffline: true, rows: [{ record: { lastSeen: { state: 'ready' } } }] });
  });

  test('knows the end of a transfer from its refusal, with the downloads that used it up, and asks no more', async () => {
    const sends = await open();
    await sends.refresh();
    answer = refuse('transfer_used_up');
    await sends.refresh();
    expect(sends.state).toMatchObject({ rows: [{ record: { lastSeen: { state: 'used_up', downloads: { limit: 5, committed: 5 } } } }] });
    answer = refuse('internal');
    await sends.refresh();
    expect(sends.state).toMatchObject({ isOffline: false });
  });

  test('withdraws, extends, and says in the row what goes wrong', async () => {
    const sends = await open();
    await sends.refresh();
    await sends.extend(record, 7777);
    expect(sends.state).toMatchObject({ rows: [{ doing: { step: 'done', task: { what: 'expiry' } }, record: { expiresAtMs: 7777 } }] });
    await sends.withdraw(record);
    expect(sends.state).toMatchObject({ rows: [{ doing: { step: 'done', task: withdraw }, record: { lastSeen: { state: 'revoked' } } }] });
    vi.spyOn(store, 'remove').mockRejectedValueOnce(new SendError('record_unsaved'));
    await sends.remove(transferId);
    expect(sends.state).toMatchObject({ rows: [{ doing: { step: 'failed', task: { what: 'keep' }, code: 'record_unsaved' } }] });
    await sends.remove(transferId);
    expect(sends.state).toMatchObject({ rows: [] });
  });

  test('adds a link, says how far its password is, and shows it with how the transfer stands then', async () => {
    const sends = await open();
    await sends.refresh();
    const steps: Doing[] = [];
    const doing = (): Doing => (sends.state.step === 'shown' ? sends.state.rows[0]!.doing : { step: 'nothing' });
    const added = { linkId: 'AAAAAAAAAAAAAAAAAAAAAA', link: 'x', label: 'for Ada', password: true };
    links.addLink = async ({ label }, onStretching) => {
      steps.push(doing());
      onStretching(0.5);
      steps.push(doing());
      await store.update(transferId, (now) => ({ ...now, links: [...now.links, { ...added, label }] }));
      answer = () => status({ links: [linkWith(0), { ...linkWith(0), linkId: added.linkId }] });
    };
    expect(await sends.addLink(record, { label: 'for Ada', downloadLimit: 1, password: 'secret' })).toBe(true);
    const task: Task = { what: 'add', linkId: null };
    expect(steps).toEqual([
      { step: 'busy', task, fraction: null },
      { step: 'busy', task, fraction: 0.5 },
    ]);
    expect(sends.state).toMatchObject({ rows: [{ doing: { step: 'done', task }, record: { links: [...record.links, added], lastSeen: { downloads: { limit: 10 } } } }] });
  });

  test('shows a link that got no answer, and says what went wrong', async () => {
    const sends = await open();
    await sends.refresh();
    const unanswered = { linkId: 'AAAAAAAAAAAAAAAAAAAAAA', link: 'x', label: '', password: false };
    links.addLink = async () => {
      await store.update(transferId, (now) => ({ ...now, links: [...now.links, unanswered] }));
      throw new SendError('offline');
    };
    expect(await sends.addLink(record, { label: '', downloadLimit: null, password: '' })).toBe(false);
    expect(sends.state).toMatchObject({ rows: [{ doing: { step: 'failed', task: { what: 'add' }, code: 'offline' }, record: { links: [...record.links, unanswered] } }] });
  });

  test('calls a link otherwise, whoever can be reached, and says so', async () => {
    const [ada, other] = ['for Ada', 'for Grace'].map((label, i) => ({ linkId: encodeB64(new Uint8Array(16).fill(i)), link: `x${i}`, label, password: false }));
    await store.put({ ...record, links: [ada!, other!] });
    answer = refuse('offline');
    const sends = await open();
    await sends.refresh();
    expect(await sends.relabel(record, ada!.linkId, 'for Ada, on the train')).toBe(true);
    const task: Task = { what: 'label', linkId: ada!.linkId };
    const relabelled = [{ ...ada!, label: 'for Ada, on the train' }, other!];
    expect(sends.state).toMatchObject({ rows: [{ doing: { step: 'done', task }, record: { links: relabelled } }] });
    expect((await store.get(transferId))!.links).toEqual(relabelled);
    vi.spyOn(store, 'update').mockRejectedValueOnce(new SendError('record_unsaved'));
    expect(await sends.relabel(record, ada!.linkId, '')).toBe(false);
    expect(sends.state).toMatchObject({ rows: [{ doing: { step: 'failed', task, code: 'record_unsaved' }, record: { links: relabelled } }] });
  });

  test('says a link again that got no answer', async () => {
    const sends = await open();
    await sends.refresh();
    const asked: string[] = [];
    links.repeatLink = async (linkId) => void asked.push(linkId);
    expect(await sends.repeatLink(record, 'a')).toBe(true);
    links.repeatLink = refuse('offline');
    expect(await sends.repeatLink(record, 'a')).toBe(false);
    expect(asked).toEqual(['a']);
    expect(sends.state).toMatchObject({ rows: [{ doing: { step: 'failed', task: { what: 'repeat', linkId: 'a' }, code: 'offline' } }] });
  });

  test('asks before a link is withdrawn, and learns at once that the transfer ended with it', async () => {
    const sends = await open();
    await sends.refresh();
    sends.ask(transferId, 'a');
    expect(sends.state).toMatchObject({ rows: [{ doing: { step: 'asking', task: { what: 'revoke', linkId: 'a' } } }] });
    links.revokeLink = async () => {
      answer = refuse('transfer_used_up');
    };
    expect(await sends.revokeLink(record, 'a')).toBe(true);
    expect(sends.state).toMatchObject({ rows: [{ doing: { step: 'done', task: { what: 'revoke', linkId: 'a' } }, record: { lastSeen: { state: 'used_up' } } }] });
    links.changeLimit = refuse('conflict');
    expect(await sends.changeLimit(record, 'a', 1)).toBe(false);
    expect(sends.state).toMatchObject({ rows: [{ doing: { step: 'failed', task: { what: 'limit', linkId: 'a' }, code: 'conflict' } }] });
  });

  test('tells of downloads once, and only of those whose sender wants to hear', async () => {
    const sends = await open();
    const downloaded = (committed: number) => () => status({ links: [linkWith(committed)] });
    answer = downloaded(1);
    await sends.refresh();
    await sends.setNotify(record, true);
    await sends.refresh();
    expect(told, 'not of those before').toEqual([]);
    answer = downloaded(3);
    await sends.refresh();
    await sends.refresh();
    await (await open()).refresh();
    expect(told).toEqual([2]);
  });
});
