/** `shardsend get`. */
import { parseArgs } from 'node:util';
import {
  bytesOf,
  chooseFiles,
  filesNamed,
  NoteSink,
  openTransfer,
  receiveTransfer,
  stretchPassword,
  type Choice,
  type ClientDeps,
  type OpenTransfer,
  type ReceiveResult,
  type TransferInfo,
} from '../../shared/client/index.ts';
import { safeLines, safePath } from '../../shared/client/safe-path.ts';
import { nodeDeps } from '../deps.ts';
import { DiskSink } from '../disk-sink.ts';
import { SendError } from '../../shared/protocol/index.ts';
import { SHARDSEND } from '../invocation.ts';
import { PASSWORD_OPTION, askPassword, readPassword, terminal } from '../password.ts';
import { formatBytes, formatSeconds, ProgressLine } from '../progress-line.ts';
import { EXIT_OK, print, printJson, problemsField, reportFailure, stopSignal, write } from '../report.ts';
import { UploadLines } from '../upload-lines.ts';
import { UsageError } from '../values.ts';

export const getHelp = `${SHARDSEND} get LINK [options]

Downloads what a link opens, verifies every byte, and only then gives the files their names. Nothing is overwritten.
What is still being sent is received as it comes.
Interrupted, it goes on where it was when the same link is fetched into the same folder again.
A note is printed, unless --out says where it shall be kept.

  --out FOLDER          where to; the current folder unless given
  --only PATH           this file, or all of this folder; may be given several times. What is not asked for is not fetched.
  --list                prints what there is and takes no download
  --password-file FILE  for a link that asks for a password: where it is, - for the standard input;
                        else it is $SHARDSEND_PASSWORD, or is asked for on the terminal
  --json                prints {"files":[{"path","bytes","sha256"}],"seconds"}; paths are below FOLDER.
                        Of a note {"note","seconds"}, of a list {"kind","files":[{"path","bytes","modifiedMs"}],"downloadsLeft","expiresAtMs"}.
                        Nodes that had to be gone around follow as "problems":[{"url","code"}]`;

interface Job {
  readonly opened: OpenTransfer;
  readonly json: boolean;
  readonly deps: ClientDeps;
  /** Receives with progress on stderr, and says there which nodes it went around. */
  receive(sink: DiskSink | NoteSink, choice: Choice): Promise<ReceiveResult & { readonly seconds: number }>;
}

export async function runGet(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      only: { type: 'string', multiple: true },
      list: { type: 'boolean', default: false },
      ...PASSWORD_OPTION,
      json: { type: 'boolean', default: false },
    },
  });
  const { only, list, json, out } = values;
  const [link, ...rest] = positionals;
  if (link === undefined || rest.length > 0) throw new UsageError('get takes one link; put it in quotes');
  if (list && (only || out !== undefined)) throw new UsageError('--list downloads nothing: leave out --only and --out');
  const password = await readPassword(values['password-file']);
  const deps = nodeDeps();
  const signal = stopSignal(deps.now);
  const progress = new ProgressLine('Receiving', process.stderr, deps.now);
  let startedAtMs = deps.now();
  try {
    const opened = await openWithPassword(link, password, deps, signal);
    startedAtMs = deps.now();
    const { info } = opened;
    if (list) return await printList(info, json);
    const upload = new UploadLines(process.stderr, progress);
    upload.show(info.upload);
    const receive: Job['receive'] = async (sink, choice) => {
      const result = await receiveTransfer(opened, sink, { choice, signal, onProgress: (now) => upload.progress(now), onUpload: (seen) => upload.show(seen) }, deps);
      progress.clear();
      for (const { url, code } of result.problems) process.stderr.write(`Went around a storage node: ${url} (${code})\n`);
      return { ...result, seconds: (deps.now() - startedAtMs) / 1000 };
    };
    const job = { opened, json, deps, receive };
    return await (info.kind === 'note' && out === undefined ? printNote(job) : saveFiles(job, out ?? '.', only ? choiceOf(info, only) : null));
  } catch (error) {
    progress.clear();
    if (error instanceof UsageError) throw error;
    return reportFailure(error, json);
  }
}

async function saveFiles({ opened, json, deps, receive }: Job, folder: string, choice: Choice): Promise<number> {
  // What is kept of a try are the first segments of the whole: who wants some files begins anew.
  const sink = await DiskSink.create(folder, choice === null ? opened : null, deps.now);
  try {
    await sink.ensureRoom(bytesOf(chooseFiles(opened.info.files, choice)) - sink.leftoverBytes);
    if (sink.leftoverBytes > 0) process.stderr.write(`${formatBytes(sink.leftoverBytes)} are here already: going on from there.\n`);
    const { bytes, problems, seconds } = await receive(sink, choice);
    if (json) {
      await printJson({ files: sink.written, seconds, ...problemsField(problems) });
    } else {
      process.stderr.write(`Received and verified ${formatBytes(bytes)} in ${formatSeconds(seconds)}:\n`);
      await print(sink.written.map((file) => file.path).join('\n'));
    }
    return EXIT_OK;
  } catch (error) {
    // The same command goes on with what was kept, whatever stopped this one; not where it can never be completed.
    await (choice === null && error instanceof SendError && error.retryable ? sink.keep() : sink.discard());
    throw error;
  }
}

/** To a pipe as it was written; to a terminal with nothing in it that could talk to it. */
async function printNote({ json, receive }: Job): Promise<number> {
  const sink = new NoteSink();
  const { problems, seconds } = await receive(sink, null);
  const note = await sink.text();
  if (json) await printJson({ note, seconds, ...problemsField(problems) });
  else await (process.stdout.isTTY ? print(safeLines(note)) : write(note));
  return EXIT_OK;
}

async function printList({ kind, files, downloadsLeft, expiresAtMs }: TransferInfo, json: boolean): Promise<number> {
  if (json) {
    await printJson({ kind, files: files.map(({ path, bytes, modifiedMs }) => ({ path, bytes, modifiedMs })), downloadsLeft, expiresAtMs });
    return EXIT_OK;
  }
  const left = downloadsLeft === null ? '' : `, ${downloadsLeft} ${downloadsLeft === 1 ? 'download' : 'downloads'} left`;
  const what = kind === 'note' ? 'A note' : `${files.length} ${files.length === 1 ? 'file' : 'files'}`;
  process.stderr.write(`${what}, ${formatBytes(bytesOf(files))}, until ${new Date(expiresAtMs).toLocaleString()}${left}:\n`);
  const sizes = files.map(({ bytes }) => formatBytes(bytes));
  const width = Math.max(...sizes.map((size) => size.length));
  await print(files.map(({ path }, i) => `${sizes[i]!.padStart(width)}  ${safePath(path)}`).join('\n'));
  return EXIT_OK;
}

/** @throws UsageError for a path that names nothing. */
function choiceOf({ files }: TransferInfo, paths: readonly string[]): Choice {
  const { choice, unknown } = filesNamed(files, paths);
  if (unknown.length > 0) throw new UsageError(`the transfer has no file or folder ${unknown.map((path) => JSON.stringify(path)).join(', ')}; --list shows what it has`);
  return choice;
}

/** A password that was given is tried once; one that is typed may be mistyped. @throws SendError `password_needed` where nobody can be asked. */
async function openWithPassword(link: string, password: string | undefined, deps: ClientDeps, signal: AbortSignal): Promise<OpenTransfer> {
  const open = (known: string | undefined): Promise<OpenTransfer> =>
    openTransfer(link, deps, { signal, passwordKey: known === undefined ? undefined : (salt) => stretchPassword(known, salt, { signal }) });
  try {
    return await open(password);
  } catch (error) {
    const asked = terminal();
    if (!(error instanceof SendError) || error.code !== 'password_needed') throw error;
    if (asked === null) throw new SendError('password_needed', 'give it with --password-file or SHARDSEND_PASSWORD');
    return open(await askPassword('Password of this link: ', asked));
  }
}
