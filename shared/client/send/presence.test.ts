/** What a sender says of itself while it sends, pauses, goes on and leaves. */
import { expect, test } from 'vitest';
import { generateEntryKey } from '../../crypto/index.ts';
import type { ClientDeps, SourceFile } from '../deps.ts';
import { MemoryBoxes, Vault, VaultJournal } from '../sends/index.ts';
import { Life, MemoryNetwork } from '../testing/memory-network.ts';
import type { CreatedTransfer } from '../types.ts';
import { resumeTransfer, sendTransfer } from './send.ts';
import { UploadControl } from './upload-control.ts';

const COORDINATOR = 'https://coordinator.test';
const PRESENCE_EVERY_MS = 20_000;
const content = new Uint8Array(4_300_000).fill(7);
const file: SourceFile = { path: 'file.bin', bytes: content.length, type: '', modifiedMs: 1, open: (at) => new Blob([content.subarray(at)]).stream() };

/** Twenty seconds pass once, at once. */
function hastyDeps(network: MemoryNetwork): ClientDeps {
  const deps = network.depsOf(new Life(Infinity));
  let isPast = false;
  return {
    ...deps,
    delay: (ms, signal) => {
      const passes = ms === PRESENCE_EVERY_MS && !isPast;
      isPast ||= passes;
      return passes ? Promise.resolve() : deps.delay(ms, signal);
    },
  };
}

test('every word of a sender is numbered as it was spoken; who goes on after a pause says so at once', async () => {
  const network = new MemoryNetwork(4);
  const control = new UploadControl();
  network.onWord = ({ state }) => {
    if (state === 'paused') control.proceed();
    else if (network.words.length === 1) control.pause();
  };
  await sendTransfer({ files: [file], options: { coordinator: COORDINATOR, expiresInSeconds: 3600, downloadLimit: null }, control }, hastyDeps(network));
  expect(network.words.map(({ state, number }) => [state, number])).toEqual([
    ['active', 1],
    ['paused', 2],
    ['active', 3],
  ]);
  expect(new Set(network.words.map(({ session }) => session)).size).toBe(1);
});

test('who resumes says so under a name of its own before anything is compared or sent', async () => {
  const network = new MemoryNetwork(4);
  const vault = new Vault(new MemoryBoxes(await generateEntryKey()));
  const leave = new AbortController();
  let created: CreatedTransfer | null = null;
  const sending = sendTransfer(
    {
      files: [file],
      options: { coordinator: COORDINATOR, expiresInSeconds: 3600, downloadLimit: null },
      leave: leave.signal,
      journal: (transferId) => new VaultJournal(vault, transferId),
      onLink: (made) => {
        created = made;
        leave.abort();
      },
    },
    network.depsOf(new Life(Infinity)),
  );
  await expect(sending).rejects.toMatchObject({ code: 'cancelled' });
  const journal = new VaultJournal(vault, created!.transferId);
  await resumeTransfer({ coordinator: COORDINATOR, created: created!, journal, files: async () => [file] }, network.depsOf(new Life(Infinity)));
  expect(network.words.map(({ state, number }) => [state, number])).toEqual([
    ['paused', 1],
    ['active', 1],
  ]);
  expect(network.words[0]!.session).not.toBe(network.words[1]!.session);
});
