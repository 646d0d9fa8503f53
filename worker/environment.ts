/** What the coordinator is configured with: bindings, read into typed values once an isolate. */
import { decodeB64, encodeB64, KEY_BYTES } from '../shared/protocol/bytes.ts';
import { signingKeyFromSeed, type SigningKey } from '../shared/protocol/signature.ts';
import type { DirectoryObject } from './objects/directory.ts';
import type { NodeObject } from './objects/node.ts';
import type { TransferObject } from './objects/transfer.ts';
import type { WatchObject } from './objects/watch.ts';

export interface WorkerEnv {
  readonly TRANSFERS: DurableObjectNamespace<TransferObject>;
  /** 16, by the first four bits of the transfer's id. */
  readonly WATCH: DurableObjectNamespace<WatchObject>;
  readonly NODES: DurableObjectNamespace<NodeObject>;
  readonly DIRECTORY: DurableObjectNamespace<DirectoryObject>;
  /** The built pages. */
  readonly ASSETS: Fetcher;
  /** Secret: b64 of the 32 bytes from which the coordinator's Ed25519 key follows. */
  readonly COORDINATOR_SEED: string;
  /** "true": a network on one machine. Nodes may have http and private addresses and share operator and network. */
  readonly ALLOW_SHARED_HOSTS?: string;
  /** How often nodes should report, in milliseconds. */
  readonly HEARTBEAT_MS?: string;
}

declare global {
  namespace Cloudflare {
    interface Env extends WorkerEnv {}
  }
}

const DEFAULT_HEARTBEAT_MS = 30_000;
/** After so many missed heartbeats a node counts as offline. */
const MISSED_HEARTBEATS = 6;

export const allowsSharedHosts = (env: WorkerEnv): boolean => env.ALLOW_SHARED_HOSTS === 'true';

export function heartbeatMsOf(env: WorkerEnv): number {
  const value = Number(env.HEARTBEAT_MS ?? DEFAULT_HEARTBEAT_MS);
  if (!Number.isInteger(value) || value < 100 || value > 600_000) throw new Error('HEARTBEAT_MS must be 100 to 600000');
  return value;
}
export const onlineForMsOf = (env: WorkerEnv): number => MISSED_HEARTBEATS * heartbeatMsOf(env);

export interface CoordinatorKey extends SigningKey {
  /** b64 of the public key. */
  readonly name: string;
}
let lastKey: { readonly seed: string; readonly key: CoordinatorKey } | undefined;

/** The coordinator's signing key; derived once an isolate. */
export async function coordinatorKeyOf(env: WorkerEnv): Promise<CoordinatorKey> {
  const seed = env.COORDINATOR_SEED;
  if (lastKey?.seed === seed) return lastKey.key;
  if (!/^[\w-]{43}$/.test(seed ?? '')) throw new Error('COORDINATOR_SEED must be set to base64url of 32 random bytes');
  const pair = await signingKeyFromSeed(decodeB64(seed, KEY_BYTES));
  const key = { ...pair, name: encodeB64(pair.publicKey) };
  lastKey = { seed, key };
  return key;
}
