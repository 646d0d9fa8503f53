import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { NODE_USAGE } from '../node/main.ts';
import { getHelp } from './commands/get.ts';
import { networkHelp } from './commands/network.ts';
import { nodeAppealHelp } from './commands/node-appeal.ts';
import { nodeLeaveHelp } from './commands/node-leave.ts';
import { nodeStatusHelp } from './commands/node-status.ts';
import { sendHelp } from './commands/send.ts';
import { SHARDSEND } from './invocation.ts';

it('is a script of the repository, and the way in which every help begins', async () => {
  const { scripts } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as { scripts: Record<string, string> };
  const [, script] = /^npm run -s (\S+) --$/.exec(SHARDSEND)!;
  expect(scripts[script!]).toContain('cli/main.ts');
  for (const help of [sendHelp, getHelp, networkHelp, nodeStatusHelp, nodeLeaveHelp, nodeAppealHelp]) expect(help.startsWith(`${SHARDSEND} `), help).toBe(true);
  expect(NODE_USAGE.startsWith(`Usage: ${SHARDSEND} node `)).toBe(true);
});
