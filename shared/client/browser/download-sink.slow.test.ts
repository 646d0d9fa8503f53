/** Archives beyond four gigabytes, as another program reads them: Python's zipfile checks every offset, size and checksum. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ManifestFile } from '../../protocol/manifest.ts';
import { downloadSink } from './download-sink.ts';
import type { StreamAnswer, StreamRequest } from './stream-protocol.ts';

const GIB = 1024 ** 3;
const PIECE_BYTES = 8 * 1024 * 1024;
const ZEROS = Buffer.alloc(PIECE_BYTES);
const WRITTEN_AT = new Date(2024, 5, 15, 12, 30, 40);
/** Prints name, size, offset and date of every entry, once all checksums were right. */
const READ = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    print(json.dumps([[i.filename, i.file_size, i.header_offset, i.date_time] for i in archive.infolist()]))
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'shardsend-zip-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Writes the archive of files that hold zeros; what is zero in it takes no room on the disk. */
async function writeArchive(name: string, files: readonly ManifestFile[]): Promise<string> {
  const target = path.join(folder, name);
  const handle = await open(target, 'w');
  const { port1, port2 } = new MessageChannel();
  let announced: number | null = null;
  let position = 0;
  let last: Promise<void> = Promise.resolve();
  const saved = new Promise<void>((resolve, reject) => {
    port2.onmessage = ({ data }: MessageEvent<StreamAnswer>) => {
      last = last.then(async () => {
        if (data === 'end') {
          port2.postMessage('ended' satisfies StreamRequest);
          return resolve();
        }
        if (!('chunk' in data)) return reject(new Error('the download failed'));
        const chunk = Buffer.from(data.chunk);
        if (!chunk.equals(ZEROS.subarray(0, chunk.length))) await handle.write(chunk, 0, chunk.length, position);
        position += chunk.length;
        port2.postMessage({ want: 1 } satisfies StreamRequest);
      });
      last.catch(reject);
    };
  });
  const sink = downloadSink(files, {
    openWhole: null,
    async openPort({ bytes }) {
      announced = bytes;
      port2.postMessage({ want: 8 } satisfies StreamRequest);
      return port1;
    },
    onReady: () => undefined,
    onCancel: () => undefined,
  });
  for (const [i, file] of files.entries()) {
    const entry = await sink.openFile(file, i, 0);
    for (let left = file.bytes; left > 0; left -= Math.min(left, PIECE_BYTES)) await entry.write(new Uint8Array(Math.min(left, PIECE_BYTES)));
    await entry.close();
  }
  await sink.finish!();
  await saved;
  port2.close();
  expect(announced).toBe(position);
  await handle.truncate(position);
  await handle.close();
  return target;
}

function readByPython(archive: string): [string, number, number, number[]][] {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', READ, archive], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as [string, number, number, number[]][];
}

const fileOf = (name: string, bytes: number): ManifestFile => ({ path: name, bytes, type: '', modifiedMs: WRITTEN_AT.getTime() });

test.each([
  { what: 'one file that 32 bits cannot count', sizes: [10, 2 ** 32, 0, 7] },
  { what: 'files that 32 bits can count, but not their sum', sizes: [2 * GIB, 2 * GIB, 5] },
  { what: 'a file of the number that stands for more', sizes: [2 ** 32 - 1, 1] },
])('an archive with $what is right for another program', async ({ sizes }) => {
  const files = sizes.map((bytes, i) => fileOf(`größe/${i}.bin`, bytes));
  const archive = await writeArchive('archive.zip', files);
  const entries = readByPython(archive);
  expect(entries.map(([name, bytes, , date]) => [name, bytes, date])).toEqual(files.map(({ path, bytes }) => [path, bytes, [2024, 6, 15, 12, 30, 40]]));
  for (const [i, [, , offset]] of entries.entries()) expect(offset).toBeGreaterThanOrEqual(sizes.slice(0, i).reduce((sum, bytes) => sum + bytes, 0));
});
