import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { secretsOf, sendRecords } from '../../shared/client/testing/send-records.ts';
import { folderSendStore, folderVault, stateFolder } from './folder-boxes.ts';

let base: string;
let folder: string;
beforeEach(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'shardsend-sends-'));
  folder = path.join(base, 'deep', 'shardsend');
});
afterEach(() => rm(base, { recursive: true }));

const filesIn = async (): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
const someRecords = (count: number) => fc.sample(sendRecords, { seed: 7, numRuns: count });

test('what one process puts, the next one lists; what it removes is gone', async () => {
  const records = someRecords(20);
  for (const record of records) await folderSendStore(folder).put(record);
  const store = folderSendStore(folder);
  expect((await store.list()).map(({ transferId }) => transferId).toSorted()).toEqual(records.map(({ transferId }) => transferId).toSorted());
  for (const record of records) expect(await store.get(record.transferId)).toEqual(record);
  for (const { transferId } of records) await store.remove(transferId);
  expect(await folderSendStore(folder).list()).toEqual([]);
  expect(await filesIn()).toEqual([path.join(folder, 'key')]);
});

test('no file holds a link, secret, token, label or name', async () => {
  const records = someRecords(20);
  for (const record of records) await folderSendStore(folder).put(record);
  const stored = Buffer.concat(await Promise.all((await filesIn()).map((file) => readFile(file))));
  for (const secret of records.flatMap(secretsOf)) expect(stored.indexOf(secret)).toBe(-1);
});

test('folder and files are their owner’s alone, also where the folder was open before', async () => {
  const [record] = someRecords(1);
  await folderSendStore(folder).put(record!);
  await chmod(folder, 0o755);
  await folderSendStore(folder).put(record!);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  for (const file of await filesIn()) expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('processes that start at once share one key', async () => {
  const records = someRecords(8);
  await Promise.all(records.map((record) => folderSendStore(folder).put(record)));
  const unreadable: string[] = [];
  expect(await folderSendStore(folder).list((id) => unreadable.push(id))).toHaveLength(8);
  expect(unreadable).toEqual([]);
});

test('what a killed process left half written is no record and hides none', async () => {
  const [record] = someRecords(1);
  const store = folderSendStore(folder);
  await store.put(record!);
  const file = path.join(folder, 'entries', 'sends', record!.transferId);
  await writeFile(`${file}.0123456789ab.new`, 'half');
  expect(await store.list()).toEqual([record]);
});

test('a file that was cut short is told of, and can be removed', async () => {
  const [record] = someRecords(1);
  const store = folderSendStore(folder);
  await store.put(record!);
  const file = path.join(folder, 'entries', 'sends', record!.transferId);
  await writeFile(file, (await readFile(file)).subarray(0, 40));
  const unreadable: string[] = [];
  expect(await store.list((id) => unreadable.push(id))).toEqual([]);
  expect(unreadable).toEqual([record!.transferId]);
  await store.remove(record!.transferId);
  expect(await store.get(record!.transferId)).toBeNull();
});

test('a folder that cannot be made is a failure to keep, not a crash', async () => {
  await writeFile(path.join(base, 'deep'), 'a file where the folder should be');
  await expect(folderSendStore(folder).put(someRecords(1)[0]!)).rejects.toMatchObject({ code: 'record_unsaved' });
});

test('entries of several parts are listed by their first ones', async () => {
  const vault = folderVault(folder);
  for (const name of ['journals/a/0', 'journals/a/1', 'journals/b/0', 'sends/a']) await vault.write(name, Uint8Array.of(1));
  expect(await vault.names('journals/a/')).toEqual(['journals/a/0', 'journals/a/1']);
  expect(await vault.names('journals/')).toHaveLength(3);
  await expect(vault.read('../key')).rejects.toThrow(RangeError);
});

test('the folder is the person’s state folder', () => {
  expect(stateFolder({ XDG_STATE_HOME: '/state' })).toBe('/state/shardsend');
  expect(stateFolder({ XDG_STATE_HOME: 'relative' })).toMatch(/\/\.local\/state\/shardsend$/);
  expect(stateFolder({})).toMatch(/\/\.local\/state\/shardsend$/);
});
