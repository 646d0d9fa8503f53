/** `shardsend get`. */
import { parseArgs } from 'node:util';
import { openTransfer, receiveTransfer } from '../../shared/client/index.ts';
import { SendError } from '../../shared/protocol/index.ts';
import { nodeDeps } from '../deps.ts';
import { DiskSink } from '../disk-sink.ts';
import { SHARDSEND } from '../invocation.ts';
import { formatBytes, formatSeconds, ProgressLine } from '../progress-line.ts';
import { EXIT_OK, print, printJson, problemsField, reportFailure, stopSignal } from '../report.ts';
import { UsageError } from '../values.ts';

export const getHelp = `${SHARDSEND} get LINK [options]

Downloads what a link opens, verifies every byte, and only then gives the files their names. Nothing is overwritten.
Interrupted, it goes on where it was when the same link is fetched into the same folder again.

  --out FOLDER          where to; the current folder unless given
  --json                prints {"files":[{"path","bytes","sha256"}],"seconds"}; paths are below FOLDER.
                        Nodes that had to be gone around follow as "problems":[{"url","code"}]`;

export async function runGet(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { out: { type: 'string', default: '.' }, json: { type: 'boolean', default: false } },
  });
  const [link, ...rest] = positionals;
  if (link === undefined || rest.length > 0) throw new UsageError('get takes one link; put it in quotes');
  const deps = nodeDeps();
  const signal = stopSignal(deps.now);
  const progress = new ProgressLine('Receiving', process.stderr, deps.now);
  const startedAtMs = deps.now();
  try {
    const opened = await openTransfer(link, deps, { signal });
    const sink = await DiskSink.create(values.out, opened, deps.now);
    try {
      await sink.ensureRoom(opened.info.bytes - sink.leftoverBytes);
      if (sink.leftoverBytes > 0) process.stderr.write(`${formatBytes(sink.leftoverBytes)} are here already: going on from there.\n`);
      const { bytes, problems } = await receiveTransfer(opened, sink, { signal, onProgress: (now) => progress.show(now) }, deps);
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
      // The same command goes on with what was kept, whatever stopped this one; not where it can never be completed.
      await (error instanceof SendError && error.retryable ? sink.keep() : sink.discard());
      throw error;
    }
  } catch (error) {
    progress.clear();
    return reportFailure(error, values.json);
  }
}
