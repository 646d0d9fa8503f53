/** The storage node as a process: flags in, `listening URL` out, signals to the end. */
import { ConfigError } from './config-error.ts';
import { describeError, logToStderr } from './log.ts';
import { NODE_USAGE, parseNodeFlags, type NodeOptions } from './options.ts';
import { openOperator, type NodeOperator } from './operator.ts';
import { runNode, type NodeSurroundings, type RunningNode } from './storage-node.ts';

export { ConfigError, NODE_USAGE, openOperator, parseNodeFlags, runNode, type NodeOperator, type NodeOptions, type NodeSurroundings, type RunningNode };

/**
 * Flags of the platform for a process that runs nothing but a node. Shards pass through memory outside the collector's
 * heap. By default 64 MiB of it set off a full mark of a heap that holds nothing but code; counted into the global limit,
 * which begins at 128 MiB, they do not, and a small young generation frees them in passing. Measured over 24 nodes that
 * store 1.4 GB: 8.2 CPU s instead of 12.2, at the same resident memory.
 */
export const NODE_PROCESS_FLAGS: readonly string[] = [
  '--max-semi-space-size=1',
  '--single-threaded-gc',
  '--external-memory-accounted-in-global-limit',
  '--initial-old-space-size=128',
];

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Runs a node until SIGTERM or SIGINT. @returns the process's exit code. */
export async function runNodeProcess(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(NODE_USAGE);
    return 0;
  }
  const end = Promise.withResolvers<number>();
  let node: RunningNode;
  try {
    node = await runNode(parseNodeFlags(args, process.env), { onFatal: () => end.resolve(EXIT_FAILED) });
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    process.stderr.write(`shardsend node: ${thrown.message}\n`);
    return EXIT_USAGE;
  }
  const stop = (): void => end.resolve(0);
  process.once('SIGTERM', stop).once('SIGINT', stop);
  process.stdout.write(`listening ${node.url}\n`);
  const code = await end.promise;
  logToStderr('stopping');
  await node.close();
  logToStderr('stopped');
  return code;
}

if (import.meta.main) {
  // The state of a process after a bug is unknown; that of its disk is not. Better to start anew.
  process.on('uncaughtException', (thrown) => {
    logToStderr('crashed', { ...describeError(thrown), where: whereOf(thrown) });
    process.exit(EXIT_FAILED);
  });
  process.exit(await runNodeProcess(process.argv.slice(2))); // what a rebuild still waits for is not waited for
}

/** Where in this program it was thrown; never the message, which may hold input. */
function whereOf(thrown: unknown): string {
  const line = thrown instanceof Error ? thrown.stack?.split('\n').find((text) => text.includes('    at ')) : undefined;
  return line?.trim().replace(/\(?file:.*\/(?=node\/|shared\/)/, '') ?? 'unknown';
}
