/** `shardsend node leave`. */
import { createInterface } from 'node:readline/promises';
import { abortableDelay } from '../../shared/client/index.ts';
import type { NodeStatus } from '../../shared/protocol/index.ts';
import { SHARDSEND } from '../invocation.ts';
import { exitLine } from '../operator/exit-line.ts';
import { runOperator } from '../operator/operator-command.ts';
import { count } from '../operator/status-text.ts';
import { watchExit } from '../operator/watch-exit.ts';
import { formatBytes } from '../progress-line.ts';
import { EXIT_FAILED, EXIT_OK, print, printJson, stopSignal } from '../report.ts';
import { UsageError } from '../values.ts';

export const nodeLeaveHelp = `${SHARDSEND} node leave --data DIR [options]

Takes the node in DIR out of the network without loss: what it holds is moved to other nodes first. It takes nothing new
from then on, and that cannot be taken back: who wants to stay starts a node with a new folder. Keep the node running until
this command says that nothing is left; the command itself may be ended and started again.

  --data DIR            the folder that the node keeps
  --coordinator URL     left out, where the node last was
  --yes                 does not ask
  --json                asks nothing, follows nothing and prints the coordinator's answer; needs --yes`;

export function runNodeLeave(args: string[]): Promise<number> {
  const isSure = args.includes('--yes');
  const others = args.filter((arg) => arg !== '--yes');
  return runOperator('leave', others, async (operator, json) => {
    if (json && !isSure) throw new UsageError('leaving cannot be taken back: --json needs --yes');
    const before = await operator.status(AbortSignal.timeout(60_000));
    if (!isSure && before.standing !== 'leaving' && !(await confirm(before))) return EXIT_FAILED;
    const signal = stopSignal(Date.now);
    const announced = await operator.leave(signal);
    if (json) {
      await printJson(announced);
      return EXIT_OK;
    }
    const show = progressWriter();
    const onTrouble = (): void => void process.stderr.write('The coordinator did not answer; asking again …\n');
    const isEmpty = await watchExit(announced, { status: (stop) => operator.status(stop), delay: abortableDelay, onStatus: show, onTrouble }, signal);
    await print(
      isEmpty
        ? 'Nothing is left on this node. Stop it, and delete its folder when you like.'
        : 'The node goes on leaving without this command. Keep it running; the same command shows how far it is.',
    );
    return EXIT_OK;
  });
}

/** @throws UsageError where there is nobody to ask. */
async function confirm({ holdings }: NodeStatus): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError('leaving cannot be taken back: say --yes');
  process.stderr.write(`The node holds ${formatBytes(holdings.bytes)} of ${count(holdings.transfers, 'transfer')}. They move to other nodes, and it never takes new ones again.\n`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question('Type "leave" to go on: ');
  terminal.close();
  if (answer.trim() === 'leave') return true;
  process.stderr.write('Nothing was changed.\n');
  return false;
}

/** One line for each change, so that a log reads as well as a terminal. */
function progressWriter(): (status: NodeStatus) => void {
  let before: string | null = null;
  return (status) => {
    const line = exitLine(status, Date.now());
    if (line !== before && line !== null) process.stderr.write(`${line}\n`);
    before = line;
  };
}
