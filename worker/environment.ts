/** What the coordinator is configured with: bindings, read into typed values once an isolate. */
import { decodeB64, encodeB64, KEY_BYTES } from '../shared/protocol/bytes.ts';
import { signingKeyFromSeed, type SigningKey } from '../shared/protocol/signature.ts';
import type { AccountObject } from './objects/account.ts';
import type { DirectoryObject } from './objects/directory.ts';
import type { NodeObject } from './objects/node.ts';
import type { PublisherObject } from './objects/publisher.ts';
import type { TransferObject } from './objects/transfer.ts';
import type { WatchObject } from './objects/watch.ts';

export interface WorkerEnv {
  readonly TRANSFERS: DurableObjectNamespace<TransferObject>;
  /** 16, by the first four bits of the transfer's id. */
  readonly WATCH: DurableObjectNamespace<WatchObject>;
  readonly NODES: DurableObjectNamespace<NodeObject>;
  readonly ACCOUNTS: DurableObjectNamespace<AccountObject>;
  /** 16, by the first four bits of the node's id: network/shards.ts. */
  readonly DIRECTORY: DurableObjectNamespace<DirectoryObject>;
  /** One: `publisherOf`. */
  readonly PUBLISHER: DurableObjectNamespace<PublisherObject>;
  /** What the publisher has written for everybody to read. */
  readonly SNAPSHOT: KVNamespace;
  /** The built pages. */
  readonly ASSETS: Fetcher;
  /** Limits of rate, as wrangler.toml sets them: http/rate-limits.ts. Left out, there are none. */
  readonly CLIENT_RATE?: RateLimit;
  readonly NODE_RATE?: RateLimit;
  /** Secret: b64 of the 32 bytes from which the coordinator's Ed25519 key follows. */
  readonly COORDINATOR_SEED: string;
  /** "true": a network on one machine. Nodes may have http and private addresses and share operator and network. */
  readonly ALLOW_SHARED_HOSTS?: string;
  /** How often nodes should report, in milliseconds. */
  readonly HEARTBEAT_MS?: string;
  /** Length of an epoch, in milliseconds. */
  readonly EPOCH_MS?: string;
  /** How often the directory is published, in milliseconds. */
  readonly PUBLISH_MS?: string;
}

declare global {
  namespace Cloudflare {
    interface Env extends WorkerEnv {}
  }
}

const DEFAULT_HEARTBEAT_MS = 30_000;
const DEFAULT_EPOCH_MS = 3600_000;
const DEFAULT_PUBLISH_MS = 10_000;
/** After so many missed heartbeats a node counts as offline. */
const MISSED_HEARTBEATS = 6;

export const allowsSharedHosts = (env: WorkerEnv): boolean => env.ALLOW_SHARED_HOSTS === 'true';

export const heartbeatMsOf = (env: WorkerEnv): number => readMs(env, 'HEARTBEAT_MS', DEFAULT_HEARTBEAT_MS, 100, 600_000);
export const epochMsOf = (env: WorkerEnv): number => readMs(env, 'EPOCH_MS', DEFAULT_EPOCH_MS, 1_000, 24 * 3600_000);
/** At most two heartbeats: nodes that report must never look offline only because nobody wrote it down. */
export const publishMsOf = (env: WorkerEnv): number => readMs(env, 'PUBLISH_MS', DEFAULT_PUBLISH_MS, 100, 2 * heartbeatMsOf(env));
export const onlineForMsOf = (env: WorkerEnv): number => MISSED_HEARTBEATS * heartbeatMsOf(env);

function readMs(env: WorkerEnv, name: 'HEARTBEAT_MS' | 'EPOCH_MS' | 'PUBLISH_MS', unset: number, min: number, max: number): number {
  const value = Number(env[name] ?? unset);
  if (!Number.isInteger(value) || value < min || value > max) throw new Error(`${name} must be ${min} to ${max}`);
  return value;
}

/** 32 bytes, from which all of the coordinator's keys come. */
export function seedOf({ COORDINATOR_SEED: seed }: WorkerEnv): Uint8Array<ArrayBuffer> {
  if (!/^[\w-]{43}$/.test(seed ?? '')) throw new Error('COORDINATOR_SEED must be set to base64url of 32 random bytes');
  return decodeB64(seed, KEY_BYTES);
}

export interface CoordinatorKey extends SigningKey {
  /** b64 of the public key. */
  readonly name: string;
}
let lastKey: { readonly seed: string; readonly key: CoordinatorKey } | undefined;

/** The coordinator's signing key; derived once an isolate. */
export async function coordinatorKeyOf(env: WorkerEnv): Promise<CoordinatorKey> {
  if (lastKey?.seed === env.COORDINATOR_SEED) return lastKey.key;
  const pair = await signingKeyFromSeed(seedOf(env));
  const key = { ...pair, name: encodeB64(pair.publicKey) };
  lastKey = { seed: env.COORDINATOR_SEED, key };
  return key;
}
