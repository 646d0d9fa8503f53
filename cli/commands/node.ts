/** `shardsend node`: the storage node daemon under the same command, and what its operator asks of the network. */
import { fileURLToPath } from 'node:url';
import { NODE_PROCESS_FLAGS, NODE_USAGE, runNodeProcess } from '../../node/main.ts';
import { SHARDSEND } from '../invocation.ts';
import { EXIT_OK, print } from '../report.ts';
import { UsageError } from '../values.ts';

interface Subcommand {
  readonly run: (args: string[]) => Promise<number>;
  readonly help: string;
}

const subcommands: Readonly<Record<string, () => Promise<Subcommand>>> = {
  status: async () => {
    const { nodeStatusHelp, runNodeStatus } = await import('./node-status.ts');
    return { run: runNodeStatus, help: nodeStatusHelp };
  },
  leave: async () => {
    const { nodeLeaveHelp, runNodeLeave } = await import('./node-leave.ts');
    return { run: runNodeLeave, help: nodeLeaveHelp };
  },
  appeal: async () => {
    const { nodeAppealHelp, runNodeAppeal } = await import('./node-appeal.ts');
    return { run: runNodeAppeal, help: nodeAppealHelp };
  },
};

const HELP = `${NODE_USAGE}
Of a node that has run, whether or not it is running:
  ${SHARDSEND} node status --data DIR    what the network makes of it, and why
  ${SHARDSEND} node leave --data DIR     moves what it holds to others, then it may go
  ${SHARDSEND} node appeal --data DIR    asks for a fresh start after a disqualification`;

export async function runNode(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  const isDaemon = name === undefined || name.startsWith('-');
  const load = !isDaemon && Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (!isDaemon && load === undefined) throw new UsageError(`there is no command node ${JSON.stringify(name)}`);
  const asksForHelp = args.includes('--help') || args.includes('-h');
  if (load !== undefined) {
    const { run, help } = await load();
    if (!asksForHelp) return await run(rest);
    await print(help);
    return EXIT_OK;
  }
  if (asksForHelp) {
    await print(HELP);
    return EXIT_OK;
  }
  becomeNodeProcess(args);
  return await runNodeProcess(args);
}

/** Goes on as the daemon's own program under the flags that suit it, in this very process. Returns where the platform cannot. */
function becomeNodeProcess(args: readonly string[]): void {
  if (process.execve === undefined || process.platform === 'win32') return;
  const daemon = fileURLToPath(new URL('../../node/main.ts', import.meta.url));
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...NODE_PROCESS_FLAGS, daemon, ...args]);
}
