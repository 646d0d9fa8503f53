/** *My sends*. */
import { generateEntryKey, MemoryBoxes, Vault, VaultSendStore, type LinkRecord, type SendRecord } from '../../../shared/client/sends/index.ts';
import { SendError } from '../../../shared/protocol/errors.ts';
import { say } from '../../../shared/ui/messages.ts';
import type { Control } from '../../../shared/ui/sends/sends.svelte.ts';
import { Sends } from '../../../shared/ui/sends/sends.svelte.ts';
import SendsScreen from '../../../shared/ui/sends/SendsScreen.svelte';
import type { SendsState } from '../../../shared/ui/sends/sends-machine.ts';
import type { ShownState } from '../../../shared/ui/sends/send-facts.ts';
import { inDays, LINK, strange } from './samples.ts';
import { never, put, type Screen } from './screen.ts';

type Seen = NonNullable<SendRecord['lastSeen']>;

/** 16 and 32 bytes, as b64. */
const id = (number: number): string => String.fromCharCode(65 + number).padEnd(22, 'A');
const KEY = 'A'.repeat(43);

const aLink = (number: number, changes: Partial<LinkRecord> = {}): LinkRecord => ({ linkId: id(number), link: LINK, label: '', password: false, ...changes });

function aRecord(number: number, changes: Partial<SendRecord> = {}, seen: Partial<Seen> | null = {}): SendRecord {
  const downloads = { limit: 25, committed: 3 };
  const links = changes.links ?? [aLink(0)];
  const open = links.map(({ linkId }) => ({ linkId, state: 'open' as const, downloads }));
  return {
    version: 1,
    transferId: id(number),
    coordinator: 'https://send.example',
    ownerToken: KEY,
    contentSecret: KEY,
    title: 'holiday film.mp4',
    fileCount: 1,
    bytes: 1_234_567_890,
    createdAtMs: Date.now() - number * 3_600_000,
    expiresAtMs: inDays(6.5),
    links,
    upload: null,
    notify: false,
    toldDownloads: 0,
    lastSeen: seen && { atMs: Date.now(), state: 'ready', downloads, links: open, survives: 13, totalShards: 24, ...seen },
    ...changes,
  };
}

/** One of each state. */
const byState: Readonly<Record<ShownState, SendRecord>> = {
  uploading: aRecord(1, { title: 'thesis.docx', upload: { state: 'sending' } }, null),
  paused: aRecord(2, { title: 'album/cover.jpg', fileCount: 1_243, upload: { state: 'paused' } }, { state: 'uploading', survives: 0 }),
  ready: aRecord(3),
  expired: aRecord(4, { title: 'minutes.pdf', expiresAtMs: inDays(-1) }, { state: 'expired' }),
  used_up: aRecord(5, { title: 'keys.txt' }, { state: 'used_up', downloads: { limit: 1, committed: 1 } }),
  revoked: aRecord(6, { title: 'draft.odt' }, { state: 'revoked' }),
  unknown: aRecord(7, { title: 'very old.zip' }, { state: 'unknown' }),
};
const many = [
  ...Object.values(byState),
  ...strange.map(({ path, bytes }, i) => aRecord(8 + i, { title: path, bytes, fileCount: 10_000 }, { survives: i - 2, downloads: { limit: null, committed: 123_456 } })),
];

const links = [aLink(0, { password: true }), aLink(1, { label: 'for Ada' }), aLink(2), aLink(3, { label: `for everyone on ${'the-long-distribution-list'.repeat(4)}` }), aLink(4)];
const several = aRecord(
  3,
  { links },
  {
    links: [
      { linkId: id(0), state: 'open', downloads: { limit: null, committed: 123_456 } },
      { linkId: id(1), state: 'used_up', downloads: { limit: 5, committed: 5 } },
      { linkId: id(2), state: 'revoked', downloads: { limit: null, committed: 1 } },
      { linkId: id(3), state: 'open', downloads: { limit: 25, committed: 2 } },
    ],
  },
);

/** @param control - what the coordinator answers; it says nothing of how transfers stand unless given. */
async function open(records: readonly SendRecord[], control: Partial<Control> = {}, spoil: (boxes: MemoryBoxes) => void = () => undefined): Promise<void> {
  const boxes = new MemoryBoxes(await generateEntryKey());
  const store = new VaultSendStore(new Vault(boxes));
  for (const record of records) await store.put(record);
  spoil(boxes);
  const answers: Control = { status: never, extend: never, revoke: never, addLink: never, repeatLink: never, changeLimit: never, revokeLink: never, ...control };
  const sends = new Sends({ store, control: () => answers, now: () => Date.now(), later: () => () => undefined });
  put(SendsScreen, { sends, sendPage: '/', allowNotifications: async () => false });
}

const fails = (code: 'offline' | 'conflict' | 'too_many_links') => () => Promise.reject(new SendError(code));
const details = say('sends.detailsOf', 'holiday film.mp4');
const of = (action: string): string => say('sends.link.actionOf', action, say('sends.link.number', 1));
const limit = [details, of(say('sends.link.limit'))];
const withdrawLink = [details, of(say('sends.link.withdraw'))];
const withdraw = [details, say('sends.withdraw')];
const add = [details, say('sends.add')];

/** Every step has its screens. */
const bySteps: Readonly<Record<SendsState['step'], readonly Screen[]>> = {
  loading: [{ name: 'loading', show: () => open([], {}, (boxes) => (boxes.names = never)) }],
  failed: [{ name: 'unreachable', show: () => open([], {}, (boxes) => (boxes.names = () => Promise.reject(new Error('locked')))) }],
  shown: [
    { name: 'empty', show: () => open([]) },
    ...Object.entries(byState).map(([state, record]) => ({ name: state, show: () => open([record]) })),
    { name: 'many', show: () => open(many) },
    { name: 'offline', show: () => open([byState.ready], { status: fails('offline') }) },
    { name: 'unreadable', show: () => open([byState.ready, byState.expired], {}, (boxes) => boxes.boxes.set(`sends/${id(4)}`, new Uint8Array(64))) },
    { name: 'details', show: () => open([byState.ready]), press: [details] },
    { name: 'several-links', show: () => open([several]), press: [details] },
    { name: 'code', show: () => open([byState.ready]), press: [details, of(say('sends.link.qr'))] },
    { name: 'limit', show: () => open([byState.ready]), press: limit },
    { name: 'limit-refused', show: () => open([byState.ready], { changeLimit: fails('conflict') }), press: [...limit, say('sends.link.limit.set')] },
    { name: 'link-withdraw-asked', show: () => open([byState.ready]), press: withdrawLink },
    { name: 'link-withdraw-busy', show: () => open([byState.ready]), press: [...withdrawLink, say('sends.link.withdraw.yes')] },
    { name: 'link-withdraw-failed', show: () => open([byState.ready], { revokeLink: fails('offline') }), press: [...withdrawLink, say('sends.link.withdraw.yes')] },
    { name: 'add', show: () => open([byState.ready]), press: add },
    { name: 'add-failed', show: () => open([byState.ready], { addLink: fails('too_many_links') }), press: [...add, say('sends.add.make')] },
    {
      name: 'add-busy',
      show: () =>
        open([byState.ready], {
          addLink(_, onStretching) {
            onStretching(0.42);
            return never();
          },
        }),
      press: [...add, say('sends.add.make')],
    },
    { name: 'withdraw-asked', show: () => open([byState.ready]), press: withdraw },
    { name: 'withdraw-busy', show: () => open([byState.ready]), press: [...withdraw, say('sends.withdraw.yes')] },
    { name: 'withdraw-failed', show: () => open([byState.ready], { revoke: fails('offline') }), press: [...withdraw, say('sends.withdraw.yes')] },
  ],
};

export const sendsScreens: readonly Screen[] = Object.values(bySteps).flat();
