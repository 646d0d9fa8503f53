/** The `shardsend` command. Each command's code is loaded when it is asked for, so that none waits for another's. */
import { SHARDSEND } from './invocation.ts';
import { EXIT_OK, EXIT_USAGE, print } from './report.ts';
import { UsageError } from './values.ts';

const HELP = `Sends files so that nobody but the recipient can read them and no single machine holds them.

Usage, in a clone of the repository: ${SHARDSEND} COMMAND …

  send FILE|FOLDER…   encrypts and sends, and prints the link; --note sends a text
  get LINK            downloads and verifies; --list only shows what is there
  sends               lists what was sent from this machine
  revoke TRANSFER     withdraws one of these
  extend TRANSFER     lets one of these live longer, or shorter
  link                adds a link to one of these, labels, limits or revokes one
  network             runs a whole network on this machine
  node                runs one storage node; also node status, leave, appeal

${SHARDSEND} COMMAND --help says more.`;

interface Command {
  readonly run: (args: string[]) => Promise<number>;
  /** Left out: the command answers --help itself. */
  readonly help?: string;
}

const commands: Readonly<Record<string, () => Promise<Command>>> = {
  send: async () => {
    const { runSend, sendHelp } = await import('./commands/send.ts');
    return { run: runSend, help: sendHelp };
  },
  get: async () => {
    const { getHelp, runGet } = await import('./commands/get.ts');
    return { run: runGet, help: getHelp };
  },
  sends: async () => {
    const { runSends, sendsHelp } = await import('./commands/sends.ts');
    return { run: runSends, help: sendsHelp };
  },
  revoke: async () => {
    const { revokeHelp, runRevoke } = await import('./commands/sends.ts');
    return { run: runRevoke, help: revokeHelp };
  },
  extend: async () => {
    const { extendHelp, runExtend } = await import('./commands/sends.ts');
    return { run: runExtend, help: extendHelp };
  },
  link: async () => {
    const { linkHelp, runLink } = await import('./commands/link.ts');
    return { run: runLink, help: linkHelp };
  },
  network: async () => {
    const { networkHelp, runNetwork } = await import('./commands/network.ts');
    return { run: runNetwork, help: networkHelp };
  },
  node: async () => {
    const { runNode } = await import('./commands/node.ts');
    return { run: runNode };
  },
};

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    await print(HELP);
    return name === undefined ? EXIT_USAGE : EXIT_OK;
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) return refuse(`there is no command ${JSON.stringify(name)}`);
  const { run, help } = await load();
  const end = args.indexOf('--');
  if (help !== undefined && args.some((arg, i) => (arg === '--help' || arg === '-h') && (end < 0 || i < end))) {
    await print(help);
    return EXIT_OK;
  }
  try {
    return await run(args);
  } catch (error) {
    if (error instanceof UsageError || isParseArgsError(error)) return refuse(error.message, `${SHARDSEND} ${name}`);
    throw error;
  }
}

const isParseArgsError = (error: unknown): error is Error => error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');

/** @param command - whose help says how it is meant. */
function refuse(message: string, command = SHARDSEND): number {
  process.stderr.write(`shardsend: ${message}\nTry: ${command} --help\n`);
  return EXIT_USAGE;
}

// Sockets that close slowly must not keep a finished command alive.
process.exit(await main(process.argv.slice(2)));
