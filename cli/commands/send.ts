/** `shardsend send`. */
import { parseArgs } from 'node:util';
import { buffer } from 'node:stream/consumers';
import { readFile } from 'node:fs/promises';
import { noteFile, sendTransfer, type SourceFile } from '../../shared/client/index.ts';
import { safePath } from '../../shared/client/safe-path.ts';
import { SendError, asSendError } from '../../shared/protocol/index.ts';
import { nodeDeps } from '../deps.ts';
import { SHARDSEND } from '../invocation.ts';
import { formatBytes, formatSeconds, ProgressLine } from '../progress-line.ts';
import { EXIT_OK, print, printJson, problemsField, reportFailure, stopSignal } from '../report.ts';
import { readSources } from '../sources.ts';
import { survivalFields, survivalLine } from '../survival-line.ts';
import { parseCoordinator, parseDownloads, parseExpires, UsageError } from '../values.ts';

export const sendHelp = `${SHARDSEND} send FILE|FOLDER… [options]

Encrypts files on this machine, spreads them over storage nodes and prints the link that opens them.

${SHARDSEND} send --note FILE [options]

Sends a text as a note, which is read in the page or by get; with --downloads 1 it is gone once it was read.

  --note FILE           the note's text, at most 1 MiB; - reads it from standard input
  --coordinator URL     where to send; else $SHARDSEND_COORDINATOR, else http://localhost:8787
  --expires TIME        5m to 30d, such as 12h; 7d unless given
  --downloads N         1 to 1000, or unlimited, which it is unless given
  --json                prints {"link","transferId","ownerToken","bytes","sentBytes","seconds",
                        "survives":{"now","nodes","operators"},"relaxed":[rule…]}.
                        Nodes that had to be gone around follow as "problems":[{"url","code"}]`;

export async function runSend(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      coordinator: { type: 'string', default: process.env['SHARDSEND_COORDINATOR'] || 'http://localhost:8787' },
      expires: { type: 'string', default: '7d' },
      downloads: { type: 'string', default: 'unlimited' },
      note: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const { note } = values;
  if (note === undefined && positionals.length === 0) throw new UsageError('send takes at least one file or folder');
  if (note !== undefined && positionals.length > 0) throw new UsageError('--note sends a text alone, without files');
  const options = {
    coordinator: parseCoordinator(values.coordinator),
    expiresInSeconds: parseExpires(values.expires),
    downloadLimit: parseDownloads(values.downloads),
    note: note !== undefined,
  };
  const deps = nodeDeps();
  const signal = stopSignal(deps.now);
  const progress = new ProgressLine('Sending', process.stderr, deps.now);
  const startedAtMs = deps.now();
  try {
    const { files, leftOut } = note === undefined ? await readSources(positionals) : { files: [await readNote(note)], leftOut: [] };
    for (const name of leftOut) process.stderr.write(`Left out, since it is no file: ${safePath(name)}\n`);
    if (signal.aborted) throw new SendError('cancelled');
    const result = await sendTransfer({ files, options, signal, onProgress: (now) => progress.show(now) }, deps);
    const { link, transferId, ownerToken, bytes, sentBytes, expiresAtMs, problems } = result;
    const seconds = (deps.now() - startedAtMs) / 1000;
    progress.clear();
    for (const { url, code } of problems) process.stderr.write(`Went around a storage node: ${url} (${code})\n`);
    if (values.json) {
      await printJson({ link, transferId, ownerToken, bytes, sentBytes, seconds, ...survivalFields(result), ...problemsField(problems) });
    } else {
      process.stderr.write(`Sent ${note === undefined ? countFiles(files.length) : 'a note'}, ${formatBytes(bytes)}, in ${formatSeconds(seconds)}.\n`);
      process.stderr.write(`${survivalLine(result)}\n`);
      process.stderr.write(`Until ${new Date(expiresAtMs).toLocaleString()}, this link opens ${note === undefined ? 'them' : 'it'}:\n`);
      await print(link);
    }
    return EXIT_OK;
  } catch (error) {
    progress.clear();
    return reportFailure(error, values.json);
  }
}

const countFiles = (count: number): string => `${count} ${count === 1 ? 'file' : 'files'}`;

/** @param source - a file, or `-` for standard input. @throws SendError. */
async function readNote(source: string): Promise<SourceFile> {
  try {
    return noteFile(new Uint8Array(source === '-' ? await buffer(process.stdin) : await readFile(source)));
  } catch (cause) {
    throw asSendError(cause, 'file_unreadable', `couldn't read ${source}`);
  }
}
