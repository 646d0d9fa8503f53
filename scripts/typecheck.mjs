// Types of everything: the programs and tests, the coordinator, the pages and the extension. All are checked, also
// after one failed; the exit code says whether any did.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ensureInstalled, environment, root } from './ensure.mjs';

ensureInstalled();
const run = (name, ...args) =>
  spawnSync(path.join(root, 'node_modules', '.bin', name), args, { cwd: root, stdio: 'inherit', env: environment(), shell: process.platform === 'win32' }).status === 0;

// WXT writes the extension's types.
const prepared = run('wxt', 'prepare');
const checked = ['tsconfig.json', 'worker/tsconfig.json', 'web/tsconfig.sw.json'].map((file) => run('tsc', '-p', file));
const pages = ['web', 'extension'].map((folder) => run('svelte-check', '--workspace', folder, '--tsconfig', path.join(root, folder, 'tsconfig.json'), '--fail-on-warnings'));
process.exit([prepared, ...checked, ...pages].every(Boolean) ? 0 : 1);
