// A Chromium for the tests and for `npm start`: an installed Chrome or Chromium, else Debian's, else Playwright's.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { aptInstall } from './apt.mjs';
import { environment, pinnedNode, root } from './ensure.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const places = {
  darwin: ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium'],
  win32: [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA]
    .filter(Boolean)
    .map((folder) => path.join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe')),
};

/** The path of a browser, or null. `CHROMIUM_PATH` goes before everything. */
export function findChromium() {
  const named = process.env.CHROMIUM_PATH;
  if (named && existsSync(named)) return named;
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const onPath = names.flatMap((name) => folders.map((folder) => path.join(folder, name)));
  return [...onPath, ...(places[process.platform] ?? [])].find((file) => existsSync(file)) ?? playwrightChromium();
}

/** The path of a browser, which is installed when there is none. Null when that fails. */
export function ensureChromium() {
  const found = findChromium();
  if (found) return found;
  if (aptInstall('Chromium', ['chromium'])) return findChromium();
  process.stderr.write('Installing Chromium (Playwright) …\n');
  spawnSync(pinnedNode, ['node_modules/playwright-core/cli.js', 'install', 'chromium'], { cwd: root, stdio: ['ignore', 2, 2], env: environment() });
  return findChromium();
}

function playwrightChromium() {
  const code = "import('playwright-core').then(({ chromium }) => process.stdout.write(chromium.executablePath()))";
  const { stdout } = spawnSync(pinnedNode, ['-e', code], { cwd: root, encoding: 'utf8' });
  return stdout && existsSync(stdout) ? stdout : null;
}
