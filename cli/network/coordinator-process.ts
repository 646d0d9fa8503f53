/**
 * The coordinator on this machine: the built worker in workerd, run by Miniflare. A process of its own, because workerd
 * outlives a Miniflare that was killed: this one ends it when its parent goes.
 * Arguments: port, data folder. Says `ready` over IPC; ends when IPC closes.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { coordinatorRuntime } from '../../workerd.config.ts';
import { builtWeb, builtWorker } from './built.ts';

const DEFAULT_HEARTBEAT_MS = '5000';
const DEFAULT_EPOCH_MS = '3600000';
const LONGEST_PUBLISH_MS = 1_000;

const [port, dataDir] = process.argv.slice(2);
if (port === undefined || dataDir === undefined || process.send === undefined) throw new Error('started by `shardsend network` alone');
await mkdir(dataDir, { recursive: true, mode: 0o700 });

const heartbeatMs = process.env['SHARDSEND_HEARTBEAT_MS'] ?? DEFAULT_HEARTBEAT_MS;
const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    name: 'coordinator',
    host: 'localhost',
    port: Number(port),
    log: new Log(LogLevel.WARN),
    cf: false,
    telemetry: { enabled: false },
    resourcePersistencePath: dataDir,
    modules: true,
    scriptPath: builtWorker,
    modulesRoot: path.dirname(builtWorker),
    ...coordinatorRuntime,
    bindings: {
      COORDINATOR_SEED: await seedIn(dataDir),
      ALLOW_SHARED_HOSTS: 'true',
      HEARTBEAT_MS: heartbeatMs,
      EPOCH_MS: process.env['SHARDSEND_EPOCH_MS'] ?? DEFAULT_EPOCH_MS,
      PUBLISH_MS: process.env['SHARDSEND_PUBLISH_MS'] ?? String(Math.min(LONGEST_PUBLISH_MS, Number(heartbeatMs))),
    },
    // As wrangler.toml has it.
    assets: {
      directory: builtWeb,
      binding: 'ASSETS',
      run_worker_first: true,
      routerConfig: { invoke_user_worker_ahead_of_assets: true, has_user_worker: true },
      assetConfig: { html_handling: 'none', not_found_handling: 'none' },
    },
  }),
);
let stopping = false;
const stop = async (): Promise<void> => {
  if (stopping) return;
  stopping = true;
  await miniflare.dispose();
  process.exit(0);
};
process.on('disconnect', () => void stop());
await miniflare.ready;
process.send('ready');

/** The key that every order of this network is signed with: made once, readable by its owner alone. */
async function seedIn(folder: string): Promise<string> {
  const file = path.join(folder, 'seed');
  try {
    await writeFile(file, randomBytes(32).toString('base64url'), { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return readFile(file, 'utf8');
}
