/** The Web Worker that does one transfer, or one side of it: the page only shows it. */
import type { PasswordKey } from '../../crypto/index.ts';
import { SendError } from '../../protocol/errors.ts';
import { stretchPassword } from '../link-keys.ts';
import { openTransfer, type OpenTransfer } from '../receive/open-transfer.ts';
import { gatherTransfer, receiveTransfer } from '../receive/receive.ts';
import { OpeningWriter, openingInputOf } from '../receive/segment-writer.ts';
import type { Choice } from '../receive/selection.ts';
import { webDeps } from '../deps.ts';
import { NoteSink } from '../note.ts';
import type { Progress, UploadSeen } from '../types.ts';
import { servePart } from './part-port.ts';
import { RangeReader } from '../receive/range-reader.ts'; // a worker’s own `import()` never resolves in WebKitGTK
import { chooseSink } from './choose-sink.ts';
import { StagedDownload } from './staged-download.ts';
import type { StagingHost } from './staging-sink.ts';
import { RemoteWriter, serveWriter } from './writer-port.ts';
import { UploadWorker } from './upload-worker.ts';
import { toPlainError, type FromWorker, type ToWorker } from './worker-messages.ts';

const KEEP_ALIVE_MS = 5_000;
const cancel = new AbortController();
let previewed: Promise<RangeReader> | null = null;
let givePort: ((port: MessagePort) => void) | null = null;
let onSaved: (() => void) | null = null;

const tell = (message: FromWorker): void => self.postMessage(message);

const upload = new UploadWorker(cancel.signal, tell);

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  switch (data.type) {
    case 'send':
      void upload.send(data.files, data.options);
      break;
    case 'resume':
      void upload.resume(data.files, data.transferId);
      break;
    case 'halt':
      upload.control.pause();
      break;
    case 'proceed':
      upload.control.proceed();
      break;
    case 'online':
      upload.control.setOnline(data.online);
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
      write(data.gatherer, data.isServed);
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
    const onUpload = (seen: UploadSeen | null): void => tell({ type: 'upload-seen', seen });
    const onProgress = (progress: Progress): void => tell({ type: 'progress', progress });
    const result = await gatherTransfer(transfer, writer, { choice, signal: cancel.signal, onProgress, onUpload }, webDeps());
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
  previewed = open(link).then((transfer) => RangeReader.open(transfer, webDeps()));
  const reader = await previewed;
  tell({ type: 'preview-opened' });
  if (!cancel.signal.aborted) await once(cancel.signal);
  await reader.close();
  tell({ type: 'preview-closed' });
}

const once = (signal: AbortSignal): Promise<void> => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

function write(port: MessagePort, isServed: boolean): void {
  serveWriter(port, async (input, onCancel) => {
    const handOver: StagingHost['handOver'] = (staged) =>
      new Promise((resolve) => {
        onSaved = resolve;
        tell({ type: 'staged', ...staged });
      });
    const { sink, keeps } = await chooseSink(input, {
      openWhole: isServed ? null : (download) => StagedDownload.open(download, { handOver }),
      openPort: (stream) =>
        new Promise((resolve) => {
          givePort = resolve;
          tell({ type: 'stream-wanted', ...stream });
        }),
      onReady: (id) => tell({ type: 'stream-ready', id }),
      onCancel,
      handOver,
    });
    if (keeps) tell({ type: 'keeps' });
    return new OpeningWriter(input, sink);
  });
}
