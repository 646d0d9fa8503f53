/** The Web Worker that does one transfer, or one side of it: the page only shows it. */
import type { PasswordKey } from '../../crypto/index.ts';
import { stretchPassword } from '../link-keys.ts';
import { openTransfer, type OpenTransfer } from '../receive/open-transfer.ts';
import { gatherTransfer, receiveTransfer } from '../receive/receive.ts';
import { OpeningWriter, openingInputOf } from '../receive/segment-writer.ts';
import type { Choice } from '../receive/selection.ts';
import { sendTransfer } from '../send/send.ts';
import { webDeps, type SourceFile } from '../deps.ts';
import { NoteSink } from '../note.ts';
import { servePart } from './part-port.ts';
import type { RangeReader } from '../receive/range-reader.ts';
import { downloadSink } from './download-sink.ts';
import { RemoteWriter, serveWriter } from './writer-port.ts';
import { toPlainError, type FileToSend, type FromWorker, type ToWorker } from './worker-messages.ts';

const KEEP_ALIVE_MS = 5_000;
const cancel = new AbortController();
let previewed: Promise<RangeReader> | null = null;
let givePort: ((port: MessagePort) => void) | null = null;

const tell = (message: FromWorker): void => self.postMessage(message);

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  switch (data.type) {
    case 'send':
      void run(async () => {
        const result = await sendTransfer(
          {
            files: data.files.map(toSource),
            options: data.options,
            signal: cancel.signal,
            onLink: (created) => tell({ type: 'link', created }),
            onProgress: (progress) => tell({ type: 'progress', progress }),
          },
          webDeps(),
        );
        tell({ type: 'sent', result });
      });
      break;
    case 'receive':
      void run(() => receive(data, data.choice, data.writer));
      break;
    case 'read-note':
      void run(() => readNote(data));
      break;
    case 'preview':
      void run(() => preview(data));
      break;
    case 'serve':
      void previewed!.then((reader) => servePart(reader, data.part, data.port));
      break;
    case 'stretch':
      void run(async () => {
        tell({ type: 'stretched', key: await stretchPassword(data.password, data.salt, { onProgress: (fraction) => tell({ type: 'stretching', fraction }) }) });
      });
      break;
    case 'write':
      write(data.gatherer);
      break;
    case 'stream':
      givePort?.(data.port);
      givePort = null;
      break;
    case 'cancel':
      cancel.abort();
      break;
  }
};

async function run(job: () => Promise<void>): Promise<void> {
  try {
    await job();
  } catch (thrown) {
    tell({ type: 'failed', error: toPlainError(thrown) });
  }
}

interface Opening {
  readonly address: string;
  readonly passwordKey: PasswordKey | null;
}

const open = ({ address, passwordKey }: Opening): Promise<OpenTransfer> =>
  openTransfer(address, webDeps(), { signal: cancel.signal, passwordKey: passwordKey === null ? undefined : async () => passwordKey });

async function receive(link: Opening, choice: Choice, port: MessagePort): Promise<void> {
  const transfer = await open(link);
  const keepAlive = setInterval(() => tell({ type: 'keep-alive' }), KEEP_ALIVE_MS);
  try {
    const writer = new RemoteWriter(port, openingInputOf(transfer, choice), () => cancel.abort());
    const result = await gatherTransfer(transfer, writer, { choice, signal: cancel.signal, onProgress: (progress) => tell({ type: 'progress', progress }) }, webDeps());
    tell({ type: 'received', result });
  } finally {
    clearInterval(keepAlive);
  }
}

async function readNote(link: Opening): Promise<void> {
  const transfer = await open(link);
  const sink = new NoteSink();
  const result = await receiveTransfer(transfer, sink, { signal: cancel.signal, onProgress: (progress) => tell({ type: 'progress', progress }) }, webDeps());
  tell({ type: 'note', text: await sink.text(), result });
}

/** Until the page has seen enough. */
async function preview(link: Opening): Promise<void> {
  const { RangeReader } = await import('../receive/range-reader.ts');
  previewed = open(link).then((transfer) => RangeReader.open(transfer, webDeps()));
  const reader = await previewed;
  tell({ type: 'preview-opened' });
  if (!cancel.signal.aborted) await once(cancel.signal);
  await reader.close();
  tell({ type: 'preview-closed' });
}

const once = (signal: AbortSignal): Promise<void> => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

function write(port: MessagePort): void {
  serveWriter(port, (input, onCancel) => {
    const sink = downloadSink(input.files, {
      openPort: (stream) =>
        new Promise((resolve) => {
          givePort = resolve;
          tell({ type: 'stream-wanted', ...stream });
        }),
      onReady: (id) => tell({ type: 'stream-ready', id }),
      onCancel,
    });
    return new OpeningWriter(input, sink);
  });
}

const toSource = ({ path, file }: FileToSend): SourceFile => ({
  path,
  bytes: file.size,
  type: file.type,
  modifiedMs: file.lastModified,
  open: (offset) => file.slice(offset).stream(),
});
