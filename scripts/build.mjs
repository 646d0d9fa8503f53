// Builds what is missing or older than its sources: `node scripts/build.mjs [PART…]`; without a part, all of them.
// A part: web (pages), worker (coordinator), node (storage node), extension (Chromium and Firefox).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ensureInstalled, environment, pinnedNode, root } from './ensure.mjs';

const parts = {
  web: { sources: ['web', 'shared'], build: () => tool('vite', 'build', 'web', '--logLevel', 'warn') },
  worker: { sources: ['worker', 'shared'], build: () => bundle('worker/index.ts', 'dist/worker', 'index.js', 'webworker') },
  node: { sources: ['node', 'shared'], build: () => bundle('node/main.ts', 'dist/node', 'main.js', 'node') },
  extension: {
    sources: ['extension', 'shared', 'wxt.config.ts'],
    build() {
      tool('wxt', 'build');
      tool('wxt', 'build', '-b', 'firefox', '--mv3');
    },
  },
};
const everywhere = ['package-lock.json', 'tsconfig.base.json', 'scripts/build.mjs', 'scripts/bundle.mjs'];
const ignored = new Set(['node_modules', '.wxt', '.output', 'dist']);

ensureInstalled();
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !Object.hasOwn(parts, name));
if (unknown !== undefined) fail(`there is no part ${unknown}`);
for (const name of asked.length > 0 ? asked : Object.keys(parts)) {
  const { sources, build } = parts[name];
  const stamp = path.join(root, 'dist', `.built-${name}`);
  const newest = Math.max(...[...sources, ...everywhere].map((source) => newestIn(path.join(root, source))));
  if (existsSync(stamp) && statSync(stamp).mtimeMs > newest) continue;
  rmSync(stamp, { force: true });
  process.stderr.write(`Building ${name} …\n`);
  const startedAt = new Date();
  build();
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, `${startedAt.toISOString()}\n`);
}

/** Time of the last change below a path, in ms; folders count too, so that a deleted file is noticed. Tests do not. */
function newestIn(place) {
  const stats = statSync(place);
  if (!stats.isDirectory()) return place.endsWith('.test.ts') ? 0 : stats.mtimeMs;
  const inside = readdirSync(place).filter((name) => !ignored.has(name));
  return Math.max(stats.mtimeMs, ...inside.map((name) => newestIn(path.join(place, name))));
}

function bundle(entry, folder, file, target) {
  run(pinnedNode, ['scripts/bundle.mjs', entry, folder, file, target]);
}

function tool(name, ...args) {
  run(path.join(root, 'node_modules', '.bin', name), args);
}

function run(command, args) {
  // Whoever asks: a build that a test starts is the one that is shipped, without the checks of development.
  const env = { ...environment(), NODE_ENV: 'production' };
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], env, shell: process.platform === 'win32' });
  if (done.status !== 0) fail(`${path.basename(command)} ${args.join(' ')} failed`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
