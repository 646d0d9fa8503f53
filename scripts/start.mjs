// `npm start`: from a fresh clone to a running network on this machine, with a browser where there is a display.
// `npm start -- --port P --nodes N --data DIR`, as `shardsend network` takes them.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { findChromium } from './chromium.mjs';
import { ensureInstalled, environment, pinnedNode, root } from './ensure.mjs';
import { supervise } from './supervise.mjs';

ensureInstalled();
const args = process.argv.slice(2);
const extension = path.join(root, 'dist', 'extension', 'chrome-mv3');
const build = spawnSync(pinnedNode, [path.join(root, 'scripts', 'build.mjs')], { stdio: ['ignore', 2, 2] });
if (build.status !== 0) process.exit(build.status ?? 1);

const network = spawn(pinnedNode, [path.join(root, 'cli', 'main.ts'), 'network', ...args], { stdio: ['ignore', 'pipe', 'inherit'], env: environment() });
let browser = null;
createInterface({ input: network.stdout }).on('line', (line) => {
  process.stdout.write(`${line}\n`);
  if (line.startsWith('ready ')) welcome(line.slice('ready '.length));
});
supervise(network, (code) => {
  browser?.kill();
  process.exit(code);
});

function welcome(origin) {
  const lines = [
    '',
    `Send and receive in any browser:  ${origin}`,
    `The extension lies in:            ${extension}`,
    'Load it into Chrome or Chromium:  chrome://extensions → Developer mode → Load unpacked → choose that folder',
    'Ctrl-C ends the network; what was sent stays in its data folder.',
    '',
  ];
  process.stdout.write(lines.join('\n'));
  const hasDisplay = process.platform === 'darwin' || process.platform === 'win32' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
  const chromium = hasDisplay ? findChromium() : null;
  if (chromium) openBrowser(chromium, origin);
}

/** With a profile of its own, so that nobody's browser is changed. Chrome itself ignores --load-extension; Chromium does not. */
function openBrowser(chromium, origin) {
  const profile = path.join(root, '.shardsend', 'browser-profile');
  mkdirSync(profile, { recursive: true });
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  browser = spawn(chromium, [`--user-data-dir=${profile}`, `--load-extension=${extension}`, '--no-first-run', '--no-default-browser-check', ...asRoot, origin], {
    stdio: 'ignore',
  });
  browser.on('error', () => process.stdout.write(`The browser did not start; open ${origin} yourself.\n`));
}
