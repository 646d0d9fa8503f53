/** The Web Worker that does one transfer, or one side of it: the page only shows it. */
import type { PasswordKey } from '../../crypto/index.ts';
import { SendError } from '../../protocol/errors.ts';
import { stretchPassword } from '../link-keys.ts';
import { openTransfer, type OpenTransfer } from '../receive/open-transfer.ts';
import { gatherTransfer, receiveTransfer } from '../receive/receive.ts';
import { OpeningWriter, openingInputOf } from '../receive/segment-writer.ts';
import type { Choice } from '../receive/selection.ts';
import { sendTransfer } from '../send/send.ts';
import { KeptSend, browserSendStore, recordOf } from '../sends/index.ts';
import type { SendOptions } from '../types.ts';
import { webDeps, type SourceFile } from '../deps.ts';
import { NoteSink } from '../note.ts';
import { servePart } from './part-port.ts';
import type { RangeReader } from '../receive/range-reader.ts';
import { chooseSink } from './choose-sink.ts';
import { RemoteWriter, serveWriter } from './writer-port.ts';
import { toPlainError, type FileToSend, type FromWorker, type ToWorker } from './worker-messages.ts';

const KEEP_ALIVE_MS = 5_000;
const cancel = new AbortController();
let previewed: Promise<RangeReader> | null = null;
let givePort: ((port: MessagePort) => void) | null = null;
let onSaved: (() => void) | null = null;

const tell = (message: FromWorker): void => self.postMessage(message);

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  switch (data.type) {
    case 'send':
      void run(() => send(data.files.map(toSource), data.options));
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
    case 'saved':
      onSaved?.();
      onSaved = null;
      break;
    case 'pause':
      cancel.abort(new SendError('paused'));
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

/** The transfer is remembered before its first byte leaves, and forgotten when nothing of it stays. */
async function send(files: readonly SourceFile[], options: SendOptions): Promise<void> {
  const deps = webDeps();
  const kept = new KeptSend(browserSendStore());
  try {
    const result = await sendTransfer(
      {
        files,
        options,
        signal: cancel.signal,
        onLink: async (created) => tell({ type: 'link', created, isKept: await kept.begin(recordOf(options.coordinator, created, files)) }),
        onProgress: (progress) => tell({ type: 'progress', progress }),
      },
      deps,
    );
    await kept.finish(result);
    tell({ type: 'sent', result });
  } catch (thrown) {
    await kept.forget();
    throw thrown;
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
  serveWriter(port, async (input, onCancel) => {
    const { sink, keeps } = await chooseSink(input, {
      openPort: (stream) =>
        new Promise((resolve) => {
          givePort = resolve;
          tell({ type: 'stream-wanted', ...stream });
        }),
      onReady: (id) => tell({ type: 'stream-ready', id }),
      onCancel,
      handOver: (staged) =>
        new Promise((resolve) => {
          onSaved = resolve;
          tell({ type: 'staged', ...staged });
        }),
    });
    if (keeps) tell({ type: 'keeps' });
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
