/** `shardsend node status`. */
import { SHARDSEND } from '../invocation.ts';
import { EXIT_OK, print, printJson, stopSignal } from '../report.ts';
import { runOperator } from '../operator/operator-command.ts';
import { statusText } from '../operator/status-text.ts';

export const nodeStatusHelp = `${SHARDSEND} node status --data DIR [options]

Asks the coordinator what it makes of the node in DIR: its standing and why, its audits, what it holds, and the address of
the node's page. The node may be running.

  --data DIR            the folder that the node keeps
  --coordinator URL     left out, where the node last was
  --json                prints the coordinator's answer, with "lastAudit" and "page"`;

export function runNodeStatus(args: string[]): Promise<number> {
  return runOperator('status', args, async (operator, json) => {
    const status = await operator.status(stopSignal(Date.now));
    const lastAudit = await operator.lastAudit();
    await (json ? printJson({ ...status, lastAudit, page: operator.page }) : print(statusText(status, lastAudit, operator.page, Date.now())));
    return EXIT_OK;
  });
}
