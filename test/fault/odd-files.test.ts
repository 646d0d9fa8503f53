/** Files that change under the sender, and names and manifests that an honest sender would not send. */
import { appendFile, mkdir, readdir, readFile, rename, rm, symlink, truncate, unlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { readSources } from '../../cli/sources.ts';
import { openTransfer, sendTransfer, type ClientDeps, type SourceFile } from '../../shared/client/index.ts';
import { deriveManifestKey, openManifestText, sealManifestText } from '../../shared/crypto/index.ts';
import { MIN_MANIFEST_TEXT_BYTES, concatBytes, decodeB64, encodeB64, padme, parseLink, utf8, type ErrorCode } from '../../shared/protocol/index.ts';
import { FaultNetwork } from '../support/fault-network.ts';
import { memoryFile, noise, receive } from '../support/memory-files.ts';
import { runCommand } from '../support/network.ts';

let network: FaultNetwork;
const deps = nodeDeps();
beforeAll(async () => {
  network = await FaultNetwork.start({ nodes: 5 });
});
afterAll(() => network?.stop());

const optionsOf = () => ({ coordinator: network.origin, expiresInSeconds: 3600, downloadLimit: null });

async function get(link: string, out: string): Promise<{ code: number | null; answer: { files?: { path: string; bytes: number }[]; error?: { code: string } } }> {
  const { code, stdout } = await runCommand(['get', link, '--out', out, '--json']);
  return { code, answer: JSON.parse(stdout) as { files?: { path: string; bytes: number }[]; error?: { code: string } } };
}

describe('a file that, while it is sent,', () => {
  const content = noise(1, 6_000_000);

  /** Sends a real file; `change` happens before its first byte is read, or once some were. */
  async function sendWhile(when: 'before' | 'during', change: (file: string) => Promise<void>): Promise<{ failure: unknown; link: string; file: string }> {
    const file = path.join(await network.newFolder(), 'file.bin');
    await writeFile(file, content);
    const { files } = await readSources([file]);
    let link = '';
    let changed = false;
    const changeOnce = async (): Promise<void> => {
      if (changed) return;
      changed = true;
      await change(file);
    };
    const changing = (source: SourceFile): SourceFile => ({
      ...source,
      open: (offset) =>
        source.open(offset).pipeThrough(
          new TransformStream<Uint8Array, Uint8Array>({
            start: () => (when === 'before' ? changeOnce() : undefined),
            async transform(chunk, controller) {
              await changeOnce();
              controller.enqueue(chunk);
            },
          }),
        ),
    });
    const sending = sendTransfer({ files: files.map(changing), options: optionsOf(), onLink: (begun) => void (link = begun.link) }, deps);
    const failure: unknown = await sending.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    return { failure, link, file };
  }

  async function expectNothingSent(link: string): Promise<void> {
    await expect(openTransfer(link, deps)).rejects.toMatchObject({ code: 'transfer_revoked' });
    const transferId = encodeB64(parseLink(link).transferId);
    await vi.waitUntil(async () => (await Promise.all(network.nodes.map((node) => node.shardFiles(transferId)))).flat().length === 0, { timeout: 60_000, interval: 50 });
  }

  const rewrite = async (file: string): Promise<void> => {
    await writeFile(file, noise(2, content.length));
    await utimes(file, new Date(), new Date(1_000_000_000_000));
  };
  const replace = async (file: string): Promise<void> => {
    await writeFile(`${file}.new`, content);
    await rename(`${file}.new`, file);
  };
  test.each<[string, 'before' | 'during', (file: string) => Promise<void>, ErrorCode[]]>([
    ['grows', 'during', (file) => appendFile(file, 'more'), ['file_changed']],
    ['shrinks', 'during', (file) => truncate(file, 1_000_000), ['file_changed']],
    ['is emptied', 'during', (file) => truncate(file, 0), ['file_changed']],
    ['is written anew, as long as it was', 'during', rewrite, ['file_changed']],
    ['is replaced by a copy', 'during', replace, ['file_changed']],
    ['vanishes', 'during', (file) => unlink(file), ['file_unreadable']],
    ['vanished before it was opened', 'before', (file) => unlink(file), ['file_unreadable']],
    // Opening a folder works; what tells first depends on the system.
    ['became a folder', 'before', (file) => unlink(file).then(() => mkdir(file)), ['file_unreadable', 'file_changed']],
  ])('%s is not sent at all', async (_, when, change, codes) => {
    const { failure, link } = await sendWhile(when, change);
    expect(codes).toContain((failure as { code: ErrorCode } | null)?.code);
    expect((failure as Error).message).toContain('file.bin');
    await expectNothingSent(link);
  });

  test('fails in the middle of being read is not sent at all', async () => {
    let link = '';
    const failing = memoryFile('file.bin', content, async (offset, chunk) => {
      if (offset > 3_000_000) throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
      return chunk;
    });
    const sending = sendTransfer({ files: [failing], options: optionsOf(), onLink: (begun) => void (link = begun.link) }, deps);
    await expect(sending).rejects.toMatchObject({ code: 'file_unreadable' });
    await expectNothingSent(link);
  });
});

test('an empty file, and nothing but empty files, arrive', async () => {
  const folder = path.join(await network.newFolder(), 'empty');
  await mkdir(folder);
  for (const name of ['a', 'b', 'c']) await writeFile(path.join(folder, name), '');
  const sent = await runCommand(['send', folder, '--json', '--coordinator', network.origin]);
  const out = await network.newFolder();
  expect(await get((JSON.parse(sent.stdout) as { link: string }).link, out)).toMatchObject({ code: 0, answer: { files: [{ bytes: 0 }, { bytes: 0 }, { bytes: 0 }] } });
  expect(await readdir(path.join(out, 'empty'))).toEqual(['a', 'b', 'c']);
});

test('no file is wrong usage, an empty folder nothing to send', async () => {
  expect(await runCommand(['send', '--json', '--coordinator', network.origin])).toMatchObject({ code: 2, stdout: '' });
  const sent = await runCommand(['send', await network.newFolder(), '--json', '--coordinator', network.origin]);
  expect(sent.code).toBe(1);
  expect(JSON.parse(sent.stdout)).toMatchObject({ error: { code: 'no_files' } });
});

interface ManifestJson {
  version: number;
  files: { path: string; bytes: number; type: string; modifiedMs: number | null }[];
  segments: { count: number; digest: string };
}

/** A sender who puts another manifest in place of the one that belongs to what was stored. */
async function sendWithManifest(files: readonly SourceFile[], change: (manifest: ManifestJson) => string): Promise<string> {
  let [link, contentSecret] = ['', ''];
  const malicious: ClientDeps = {
    ...deps,
    async fetch(input, init) {
      // The opening manifest, which is put before the link is made known, is an honest one.
      if (init?.method !== 'PUT' || !input.endsWith('/manifest') || contentSecret === '') return deps.fetch(input, init);
      const sealed = init.body as Uint8Array<ArrayBuffer>;
      const salt = sealed.slice(1, 33);
      const key = deriveManifestKey(decodeB64(contentSecret), salt);
      const text = new TextDecoder().decode(await openManifestText(key, sealed.subarray(33))).replaceAll('\0', '');
      const json = utf8(change(JSON.parse(text) as ManifestJson));
      const padded = new Uint8Array(padme(Math.max(json.length, MIN_MANIFEST_TEXT_BYTES)));
      padded.set(json);
      return deps.fetch(input, { ...init, body: concatBytes(Uint8Array.of(1), salt, await sealManifestText(key, padded)) });
    },
  };
  await sendTransfer({ files, options: optionsOf(), onLink: (made) => void ({ link, contentSecret } = made) }, malicious);
  return link;
}

const twoFiles = [memoryFile('one', noise(1, 1_000)), memoryFile('two', noise(2, 2_000))];
const named = (name: string) => (manifest: ManifestJson) => JSON.stringify({ ...manifest, files: [{ ...manifest.files[0]!, path: name }, manifest.files[1]!] });

describe('a manifest is refused, and nothing is written, with', () => {
  test.each<[string, (manifest: ManifestJson) => string]>([
    ['a path that leads up', named('../evil')],
    ['a path that leads up inside', named('a/../../evil')],
    ['a path that leads up at its end', named('a/..')],
    ['two dots', named('..')],
    ['one dot', named('.')],
    ['an absolute path', named('/tmp/evil')],
    ['an empty component', named('a//b')],
    ['a slash at its end', named('a/')],
    ['an empty path', named('')],
    ['a NUL', named('a\0b')],
    ['half a surrogate pair', named('a\ud800b')],
    ['a name of 256 bytes', named('n'.repeat(256))],
    ['a path of 4097 bytes', named(`${'d/'.repeat(2_048)}f`)],
    ['a path twice', named('two')],
    ['no file', (manifest) => JSON.stringify({ ...manifest, files: [] })],
    ['10,001 files', (manifest) => JSON.stringify({ ...manifest, files: Array.from({ length: 10_001 }, (_, i) => ({ ...manifest.files[0]!, path: String(i), bytes: 0 })) })],
    ['a negative size', (manifest) => JSON.stringify({ ...manifest, files: [{ ...manifest.files[0]!, bytes: -1 }, manifest.files[1]!] })],
    ['a size that is no whole number', (manifest) => JSON.stringify({ ...manifest, files: [{ ...manifest.files[0]!, bytes: 0.5 }, manifest.files[1]!] })],
    ['sizes beyond what was stored', (manifest) => JSON.stringify({ ...manifest, files: [{ ...manifest.files[0]!, bytes: 2 ** 40 }, manifest.files[1]!] })],
    ['another number of segments', (manifest) => JSON.stringify({ ...manifest, segments: { ...manifest.segments, count: 2 } })],
    ['the digest of another table', (manifest) => JSON.stringify({ ...manifest, segments: { ...manifest.segments, digest: encodeB64(new Uint8Array(32)) } })],
    ['another version', (manifest) => JSON.stringify({ ...manifest, version: 2 })],
    ['something behind it', (manifest) => `${JSON.stringify(manifest)}x`],
    ['no JSON', () => 'not JSON at all'],
  ])('%s', async (_, change) => {
    const link = await sendWithManifest(twoFiles, change);
    const around = await network.newFolder();
    const out = path.join(around, 'inner', 'out');
    await mkdir(out, { recursive: true });
    await expect(receive(link, deps)).rejects.toMatchObject({ code: 'manifest_damaged' });
    expect(await get(link, out)).toMatchObject({ code: 1, answer: { error: { code: 'manifest_damaged' } } });
    expect(await readdir(around, { recursive: true })).toEqual(['inner', 'inner/out']);
  });
});

test('names that are legal but nasty arrive harmless, each file with its own bytes', async () => {
  const names = [
    'tab\there',
    'tab\u0001here',
    'tab_here',
    'line\nbreak',
    '\u001b[31mred',
    'invoice\u202efdp.exe',
    'isolate\u2066d',
    '\ufeffbom',
    'n'.repeat(255),
    `${'n'.repeat(254)}\u0007`,
    `${'ö'.repeat(127)}x`,
    'back\\slash',
    'C:evil',
    '...',
    ' ',
    '-rf',
    '.0123456789abcdef01234567.part',
    'taken',
    'taken/inside',
    'deep/'.repeat(40) + 'file',
    'A',
    'a',
  ];
  const files = names.map((name, i) => memoryFile(name, noise(i + 1, 100 + i)));
  const link = await sendWithManifest(files, (manifest) => JSON.stringify(manifest));
  const around = await network.newFolder();
  const out = path.join(around, 'out');
  await mkdir(out);
  // A folder that a sender hopes to find must not lead out either.
  await symlink(around, path.join(out, 'deep'));
  const { code, answer } = await get(link, out);
  expect(code).toBe(0);
  expect(answer.files).toHaveLength(names.length);
  expect(await readdir(around)).toEqual(['out']);
  for (const [i, file] of answer.files!.entries()) {
    expect(file.path).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/);
    expect(Buffer.byteLength(path.basename(file.path))).toBeLessThanOrEqual(255);
    expect((await readFile(path.join(out, file.path))).equals(noise(i + 1, 100 + i))).toBe(true);
  }
  expect(new Set(answer.files!.map((file) => file.path)).size).toBe(names.length);
  await rm(path.join(out, 'deep'));
});

test('what a message says of a nasty name cannot reach the terminal', async () => {
  const link = await sendWithManifest(twoFiles, named('\u001b]0;evil\u0007'));
  const { stdout, stderr, code } = await runCommand(['get', link, '--out', await network.newFolder()]);
  expect(code).toBe(0);
  for (const text of [stdout, stderr]) expect(text).not.toMatch(/[\u001b\u0007]/);
});
