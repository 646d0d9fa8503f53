/** `shardsend network`. */
import { parseArgs } from 'node:util';
import { MIN_NODES } from '../../shared/protocol/index.ts';
import { SHARDSEND } from '../invocation.ts';
import { ensureBuilt } from '../network/built.ts';
import { startNetwork } from '../network/network.ts';
import { EXIT_FAILED, EXIT_OK, print } from '../report.ts';
import { parseWhole, UsageError } from '../values.ts';

const MAX_LOCAL_NODES = 200;

export const networkHelp = `${SHARDSEND} network [options]

Runs a coordinator and storage nodes on this machine, and prints "ready URL" when all of them work. Ctrl-C ends them.

  --port P              of the coordinator; 8787 unless given
  --nodes N             3 to 200; 24 unless given
  --data FOLDER         keeps everything; node i below FOLDER/nodes/i/; .shardsend unless given`;

export async function runNetwork(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { port: { type: 'string', default: '8787' }, nodes: { type: 'string', default: '24' }, data: { type: 'string', default: '.shardsend' } },
  });
  if (positionals.length > 0) throw new UsageError('network takes options only');
  const port = parseWhole('--port', values.port, 0, 65_535);
  const nodes = parseWhole('--nodes', values.nodes, MIN_NODES, MAX_LOCAL_NODES);
  const stopped = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolve());
  });
  const onLost = (name: string, code: string): void => void process.stderr.write(`${name} ended (${code}); the rest goes on\n`);
  try {
    await ensureBuilt();
    const starting = startNetwork({ port, nodes, dataDir: values.data, onLost });
    // Ctrl-C while it comes up: what was started is stopped once it stands.
    const network = await starting;
    await print(`ready ${network.origin}`);
    await stopped;
    await network.stop();
    return EXIT_OK;
  } catch (error) {
    process.stderr.write(`shardsend network: ${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT_FAILED;
  }
}
