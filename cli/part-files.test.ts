import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { noteName } from '../shared/client/download-note.ts';
import { MemoryTransfer } from '../shared/client/testing/memory-transfer.ts';
import { PartFiles, sweepPartFiles } from './part-files.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Of no process: the largest number that a process may have is smaller. */
const NOBODY = 2 ** 30;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'shardsend-parts-'));
});
afterEach(() => rm(folder, { recursive: true }));

const write = (name: string, text: string): Promise<void> => writeFile(path.join(folder, name), text);
const stem = 'a'.repeat(24);

describe('parts of a download', () => {
  test('without a note go once their process is gone, and stay while it runs', async () => {
    const running = await PartFiles.open(folder, null, Date.now);
    await writeFile(running.pathOf(0), 'half');
    await write(`.${stem}.0.part`, 'half');
    await write(`.${stem}.lock`, String(NOBODY));
    await write('report.part', 'a file of the person');
    await sweepPartFiles(folder, Date.now());
    expect(await readdir(folder)).toEqual([expect.stringMatching(/0\.part$/), expect.stringMatching(/lock$/), 'report.part']);
    await running.remove();
    expect(await readdir(folder)).toEqual(['report.part']);
  });

  test('of which a later try would have nothing go at once', async () => {
    const { transfer } = await MemoryTransfer.seal([new Uint8Array(1)]);
    const parts = await PartFiles.open(folder, transfer, Date.now);
    await writeFile(parts.pathOf(0), '');
    await parts.note(0, 'claim');
    await parts.keep();
    expect(await readdir(folder)).toEqual([]);
  });

  test('with a note wait for a week', async () => {
    await write(`.${stem}.0.part`, 'half');
    await write(`.${stem}.note`, 'sealed');
    await sweepPartFiles(folder, Date.now() + 6 * DAY_MS);
    expect((await readdir(folder)).length).toBe(2);
    await sweepPartFiles(folder, Date.now() + 8 * DAY_MS);
    expect(await readdir(folder)).toEqual([]);
  });

  test('are gone on with although another process got the number of the one that was killed', async () => {
    const { transfer } = await MemoryTransfer.seal([new Uint8Array(1)]);
    const before = await PartFiles.open(folder, transfer, Date.now);
    await writeFile(before.pathOf(0), 'x');
    await before.note(1, 'claim');
    await before.keep();
    const lock = `.${noteName(transfer.link).slice(0, 24)}.lock`;
    await write(lock, String(process.pid));
    const busy = await PartFiles.open(folder, transfer, Date.now);
    expect([busy.leftover, busy.notes], 'while the lock is touched').toEqual([null, false]);
    const long = (Date.now() - 2 * MINUTE_MS) / 1000;
    await utimes(path.join(folder, lock), long, long);
    const after = await PartFiles.open(folder, transfer, Date.now);
    expect(after.leftover).toMatchObject({ segments: 1, claimId: 'claim' });
    await busy.remove();
    await after.remove();
    expect(await readdir(folder)).toEqual([]);
  });
});
