// Runs one TypeScript program of the project on the pinned Node: `node scripts/run.mjs cli/main.ts ARG…`. Paths are
// relative to where npm was called.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { ensureInstalled, environment, pinnedNode, root } from './ensure.mjs';
import { supervise } from './supervise.mjs';

ensureInstalled();
const [program, ...args] = process.argv.slice(2);
const child = spawn(pinnedNode, [path.join(root, program), ...args], {
  stdio: 'inherit',
  cwd: process.env.INIT_CWD ?? process.cwd(),
  env: environment(),
});
supervise(child, (code) => process.exit(code));
