// Debian's packages, where there is a Debian and the right to install.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** @returns whether Debian's packages are there now. */
export function aptInstall(title, packages) {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  process.stderr.write(`Installing ${title} (apt-get) …\n`);
  const quiet = { stdio: ['ignore', 2, 2], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  const install = () => spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...packages], quiet).status === 0;
  return install() || (spawnSync('apt-get', ['update'], quiet).status === 0 && install());
}
