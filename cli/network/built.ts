/** What `npm run build` made, and making it when it is missing or older than its sources. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
export const builtWeb = path.join(root, 'dist/web');
export const builtWorker = path.join(root, 'dist/worker/index.js');
export const builtNode = path.join(root, 'dist/node/main.js');

/** @throws Error when a build fails; its own words are on stderr. */
export async function ensureBuilt(): Promise<void> {
  const build = spawn(process.execPath, [path.join(root, 'scripts/build.mjs'), 'web', 'worker', 'node'], { stdio: ['ignore', 2, 2] });
  const [code] = (await once(build, 'exit')) as [number | null];
  if (code !== 0) throw new Error('the build failed; its messages stand above');
}
