/** One file becomes one download; several become a ZIP that is made as the bytes come. */
import { makeZip, predictLength } from 'client-zip';
import type { FileSink, ReceiveSink } from '../deps.ts';
import { portablePath } from '../safe-path.ts';
import type { ManifestFile } from '../../protocol/manifest.ts';
import type { DownloadFeed, NamedDownload } from './download-feed.ts';
import { StreamFeed } from './stream-feed.ts';

export interface DownloadHost {
  /** Where no service worker streams: a download that is given to the browser once it is whole. @returns null where there is no place for it: then its stream is asked for. */
  readonly openWhole: ((download: NamedDownload) => Promise<DownloadFeed | null>) | null;
  /** Announces a download and returns the port of its stream. */
  openPort(stream: { id: string; name: string; bytes: number | null; mime: string }): Promise<MessagePort>;
  /** The service worker waits for the request. */
  onReady(id: string): void;
  onCancel(): void;
}

export function downloadSink(files: readonly ManifestFile[], host: DownloadHost): ReceiveSink {
  return files.length === 1 ? singleSink(host) : zipSink(files, host);
}

async function openFeed(host: DownloadHost, stream: NamedDownload): Promise<DownloadFeed> {
  const whole = await host.openWhole?.(stream);
  if (whole) return whole;
  const id = crypto.randomUUID();
  return new StreamFeed(await host.openPort({ id, ...stream }), { onReady: () => host.onReady(id), onCancel: host.onCancel });
}

/** One component, harmless on every disk. */
export const downloadName = ({ path }: ManifestFile): string => portablePath(path).split('/').at(-1)!;

function singleSink(host: DownloadHost): ReceiveSink {
  let feed: DownloadFeed | null = null;
  return {
    async openFile(file): Promise<FileSink> {
      const opened = await openFeed(host, { name: downloadName(file), bytes: file.bytes, mime: file.type });
      feed = opened;
      return {
        write: (chunk) => opened.write(chunk),
        close: async () => undefined, // the browser is told in `finish`, when everything was verified
        abort: async () => opened.fail(),
      };
    },
    async finish() {
      await feed?.end();
    },
    async abort() {
      feed?.fail();
    },
  };
}

interface ZipEntry {
  readonly name: string;
  readonly size: number;
  readonly lastModified: Date;
  readonly input: ReadableStream<Uint8Array>;
}

function zipSink(files: readonly ManifestFile[], host: DownloadHost): ReceiveSink {
  const names = uniqueNames(files.map(({ path }) => portablePath(path)));
  const entryOf = (file: ManifestFile, index: number) => ({ name: names[index]!, size: file.bytes, lastModified: zipDate(file.modifiedMs) });
  const { readable, writable } = new TransformStream<ZipEntry, ZipEntry>();
  const entries = writable.getWriter();
  let pumping: Promise<void> | null = null;
  let feed: DownloadFeed | null = null;

  const start = async (): Promise<void> => {
    const bytes = Number(predictLength(files.map(entryOf)));
    const opened = await openFeed(host, { name: 'shardsend.zip', bytes, mime: 'application/zip' });
    feed = opened;
    pumping = pump(makeZip(iterate(readable)), opened);
    pumping.catch(() => undefined); // met again in write, close or finish
  };
  /** Whatever waits for the archive fails with it. */
  const orPump = <T>(wait: Promise<T>): Promise<T> => Promise.race([wait, pumping!.then(() => wait)]);

  return {
    async openFile(file, index): Promise<FileSink> {
      if (!pumping) await start();
      const { readable: input, writable: output } = new TransformStream<Uint8Array, Uint8Array>();
      const writer = output.getWriter();
      await orPump(entries.write({ ...entryOf(file, index), input }));
      return {
        write: (chunk) => orPump(writer.write(chunk)),
        close: () => orPump(writer.close()),
        abort: async (reason) => {
          feed?.fail();
          await writer.abort(reason);
        },
      };
    },
    async finish() {
      await orPump(entries.close());
      await pumping;
      await feed?.end();
    },
    async abort(reason) {
      feed?.fail();
      await entries.abort(reason);
    },
  };
}

async function pump(zip: ReadableStream<Uint8Array>, feed: DownloadFeed): Promise<void> {
  for await (const chunk of iterate(zip)) await feed.write(chunk as Uint8Array<ArrayBuffer>);
}

/** ReadableStream's own iterator is missing in WebKit. */
async function* iterate<T>(stream: ReadableStream<T>): AsyncGenerator<T> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}

/** A ZIP knows the years 1980 to 2107, and a manifest any number: what lies outside becomes the nearest. */
const zipDate = (modifiedMs: number | null): Date => new Date(Math.min(Math.max(modifiedMs ?? 0, Date.UTC(1980, 0, 2)), Date.UTC(2107, 11, 30)));

/** Names that became equal when they were made harmless are numbered. */
function uniqueNames(paths: readonly string[]): string[] {
  const used = new Set<string>();
  /** Where counting goes on: a manifest may hold one name ten thousand times. */
  const next = new Map<string, number>();
  return paths.map((path) => {
    const asked = path.toLowerCase();
    let name = path;
    let number = next.get(asked) ?? 2;
    for (; used.has(name.toLowerCase()); number++) name = path.replace(/(\.[^./]*)?$/, (extension) => ` (${number})${extension}`);
    next.set(asked, number);
    used.add(name.toLowerCase());
    return name;
  });
}
