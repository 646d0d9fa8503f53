import { describe, expect, it } from 'vitest';
import { readZip, type ZipEntry } from '../../../test/support/zip.ts';
import { MAX_FILES } from '../../protocol/limits.ts';
import type { ManifestFile } from '../../protocol/manifest.ts';
import { downloadSink, type DownloadHost } from './download-sink.ts';
import type { StreamAnswer, StreamRequest } from './stream-protocol.ts';

const WANTED_CHUNKS = 100_000;

/** A browser that takes everything at once. */
function browser(): { readonly host: DownloadHost; readonly saved: Promise<Buffer> } {
  const { port1, port2 } = new MessageChannel();
  const chunks: Buffer[] = [];
  const saved = new Promise<Buffer>((resolve, reject) => {
    port2.onmessage = ({ data }: MessageEvent<StreamAnswer>) => {
      if (data === 'end') {
        resolve(Buffer.concat(chunks));
        port2.postMessage('ended' satisfies StreamRequest);
      } else if ('chunk' in data) chunks.push(Buffer.from(data.chunk));
      else reject(new Error('the download failed'));
      if (data !== 'end' && 'error' in data) port2.close();
    };
  });
  saved.catch(() => undefined); // whoever wants it awaits it
  const openPort: DownloadHost['openPort'] = async () => {
    port2.postMessage({ want: WANTED_CHUNKS } satisfies StreamRequest);
    return port1;
  };
  return { host: { openWhole: null, openPort, onReady: () => undefined, onCancel: () => undefined }, saved };
}

/** The archive that empty files of these paths and times become. */
async function zipOf(files: readonly Pick<ManifestFile, 'path' | 'modifiedMs'>[]): Promise<ZipEntry[]> {
  const { host, saved } = browser();
  const manifest = files.map((file) => ({ ...file, bytes: 0, type: '' }));
  const sink = downloadSink(manifest, host);
  for (const [i, file] of manifest.entries()) await (await sink.openFile(file, i, 0)).close();
  await sink.finish!();
  return readZip(await saved);
}

describe('several files as an archive', () => {
  it('have the nearest time that an archive knows', async () => {
    const times = [9e15, -9e15, null, Date.UTC(2024, 5, 15, 12)];
    const entries = await zipOf(times.map((modifiedMs, i) => ({ path: `${i}`, modifiedMs })));
    expect(entries.map(({ modified }) => modified.getFullYear())).toEqual([2107, 1980, 1980, 2024]);
  });

  it('get names of their own, soon, even where all became equal', { timeout: 8_000 }, async () => {
    // Control characters all become the same mark.
    const marks = [...Array(31).keys()].map((i) => String.fromCodePoint(i + 1));
    const paths = marks.flatMap((a) => marks.flatMap((b) => marks.map((c) => `${a}${b}${c}.txt`))).slice(0, MAX_FILES);
    const entries = await zipOf(paths.map((path) => ({ path, modifiedMs: null })));
    expect(new Set(entries.map(({ name }) => name)).size).toBe(MAX_FILES);
    expect(entries.slice(0, 3).map(({ name }) => name)).toEqual(['___.txt', '___ (2).txt', '___ (3).txt']);
  });

  it('count on from names that look numbered already', async () => {
    const entries = await zipOf(['a.txt', 'a (2).txt', 'A.txt', 'a.TXT'].map((path) => ({ path, modifiedMs: null })));
    expect(entries.map(({ name }) => name)).toEqual(['a.txt', 'a (2).txt', 'A (3).txt', 'a (4).TXT']);
  });
});
