/** `shardsend node appeal`. */
import { SHARDSEND } from '../invocation.ts';
import { EXIT_OK, print, printJson, stopSignal } from '../report.ts';
import { fail, runOperator } from '../operator/operator-command.ts';
import { moment } from '../operator/status-text.ts';

export const nodeAppealHelp = `${SHARDSEND} node appeal --data DIR [options]

Asks for a fresh start of a disqualified node, as one that is new to the network. Heard a week after the disqualification;
after each appeal that was granted, twice as long. Mend the cause first: the next audits count from the beginning.

  --data DIR            the folder that the node keeps
  --coordinator URL     left out, where the node last was
  --json                prints the coordinator's answer`;

export function runNodeAppeal(args: string[]): Promise<number> {
  return runOperator('appeal', args, async (operator, json) => {
    const signal = stopSignal(Date.now);
    const { standing, appealFromMs } = await operator.status(signal);
    if (appealFromMs === null) return await fail('conflict', `There is nothing to appeal against: the node is ${standing}.`, json);
    if (appealFromMs > Date.now()) return await fail('conflict', `An appeal is heard from ${moment(appealFromMs)} on. Until then, mend what the status says.`, json);
    const status = await operator.appeal(signal);
    await (json ? printJson(status) : print(`The appeal was granted: the node is ${status.standing}, and proves itself anew.`));
    return EXIT_OK;
  });
}
