// Plain JavaScript that any Node from 20 on can run: installs the project's packages when they are missing or older
// than the lockfile, and names the Node that the project pins.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
export const pinnedNode = path.join(root, 'node_modules', '.bin', 'node');

const stamp = path.join(root, 'node_modules', '.shardsend-installed');
const lockHash = () =>
  createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');

/**
 * Installs what the lockfile says when that differs from what was installed last. `npm ci` would refuse a lockfile in
 * which a package for another platform is missing, because the registry that it was made with does not carry it.
 * Output goes to stderr: stdout is the caller's.
 */
export function ensureInstalled() {
  if (existsSync(stamp) && existsSync(pinnedNode) && readFileSync(stamp, 'utf8') === lockHash()) return;
  process.stderr.write('Installing what is missing (npm install) …\n');
  const done = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (done.status !== 0) {
    process.stderr.write('npm install failed; see its messages above.\n');
    process.exit(done.status ?? 1);
  }
  writeFileSync(stamp, lockHash());
}

/** The environment for children: the pinned Node and the project's tools come first on PATH. What Node compiled is kept: a command then starts in half the time. */
export const environment = () => ({
  NODE_COMPILE_CACHE: path.join(root, 'node_modules', '.cache', 'node'),
  ...process.env,
  PATH: `${path.join(root, 'node_modules', '.bin')}${path.delimiter}${process.env.PATH ?? ''}`,
});
