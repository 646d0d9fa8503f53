/** `shardsend get`. */
import { parseArgs } from 'node:util';
import { openTransfer, receiveTransfer, stretchPassword, type ClientDeps, type OpenTransfer } from '../../shared/client/index.ts';
import { nodeDeps } from '../deps.ts';
import { DiskSink } from '../disk-sink.ts';
import { SendError } from '../../shared/protocol/index.ts';
import { SHARDSEND } from '../invocation.ts';
import { PASSWORD_OPTION, askPassword, readPassword, terminal } from '../password.ts';
import { formatBytes, formatSeconds, ProgressLine } from '../progress-line.ts';
import { EXIT_OK, print, printJson, problemsField, reportFailure, stopSignal } from '../report.ts';
import { UploadLines } from '../upload-lines.ts';
import { UsageError } from '../values.ts';

export const getHelp = `${SHARDSEND} get LINK [options]

Downloads what a link opens, verifies every byte, and only then gives the files their names. Nothing is overwritten.
What is still being sent is received as it comes.

  --out FOLDER          where to; the current folder unless given
  --password-file FILE  for a link that asks for a password: where it is, - for the standard input;
                        else it is $SHARDSEND_PASSWORD, or is asked for on the terminal
  --json                prints {"files":[{"path","bytes","sha256"}],"seconds"}; paths are below FOLDER.
                        Nodes that had to be gone around follow as "problems":[{"url","code"}]`;

export async function runGet(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { out: { type: 'string', default: '.' }, ...PASSWORD_OPTION, json: { type: 'boolean', default: false } },
  });
  const [link, ...rest] = positionals;
  if (link === undefined || rest.length > 0) throw new UsageError('get takes one link; put it in quotes');
  const password = await readPassword(values['password-file']);
  const deps = nodeDeps();
  const signal = stopSignal(deps.now);
  const progress = new ProgressLine('Receiving', process.stderr, deps.now);
  let startedAtMs = deps.now();
  try {
    const opened = await openWithPassword(link, password, deps, signal);
    startedAtMs = deps.now();
    const upload = new UploadLines(process.stderr, progress);
    upload.show(opened.info.upload);
    const sink = await DiskSink.create(values.out);
    try {
      await sink.ensureRoom(opened.info.bytes);
      const { bytes, problems } = await receiveTransfer(opened, sink, { signal, onProgress: (now) => progress.show(now), onUpload: (seen) => upload.show(seen) }, deps);
      const seconds = (deps.now() - startedAtMs) / 1000;
      progress.clear();
      for (const { url, code } of problems) process.stderr.write(`Went around a storage node: ${url} (${code})\n`);
      if (values.json) {
        await printJson({ files: sink.written, seconds, ...problemsField(problems) });
      } else {
        process.stderr.write(`Received and verified ${formatBytes(bytes)} in ${formatSeconds(seconds)}:\n`);
        await print(sink.written.map((file) => file.path).join('\n'));
      }
      return EXIT_OK;
    } catch (error) {
      await sink.discard();
      throw error;
    }
  } catch (error) {
    progress.clear();
    return reportFailure(error, values.json);
  }
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
