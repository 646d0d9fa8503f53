/** What the publisher writes and every isolate reads: two values in KV. docs/decisions/0008-the-directory-is-published.md. */
import { encodeSnapshot, parseSnapshot, type DirectorySnapshot } from '../../shared/policy/directory-snapshot.ts';
import type { NetworkSummary } from '../../shared/protocol/node-status.ts';
import type { WorkerEnv } from '../environment.ts';

const SNAPSHOT_KEY = 'snapshot';
const SUMMARY_KEY = 'summary';
/** How long a place of Cloudflare's keeps what it read: the least that KV allows, and enough for numbers that people read. */
const SNAPSHOT_CACHE_SECONDS = 30;
const SUMMARY_CACHE_SECONDS = 60;

/** Names one writing of the snapshot, so that nobody parses the same one twice. */
interface Imprint {
  readonly edition: string;
}

export interface PublishedSnapshot extends DirectorySnapshot, Imprint {}

export async function writeSnapshot(env: WorkerEnv, snapshot: DirectorySnapshot): Promise<void> {
  const metadata: Imprint = { edition: crypto.randomUUID() };
  await env.SNAPSHOT.put(SNAPSHOT_KEY, encodeSnapshot(snapshot), { metadata });
}

/**
 * @param isKnown - told the edition when the bytes are there, before they are parsed.
 * @returns null before the first, and for one that is known.
 */
export async function readSnapshot(env: WorkerEnv, isKnown: (edition: string) => boolean = () => false): Promise<PublishedSnapshot | null> {
  const { value, metadata } = await env.SNAPSHOT.getWithMetadata<Imprint>(SNAPSHOT_KEY, { type: 'arrayBuffer', cacheTtl: SNAPSHOT_CACHE_SECONDS });
  if (value === null || metadata === null || isKnown(metadata.edition)) return null;
  return { ...parseSnapshot(new Uint8Array(value)), edition: metadata.edition };
}

export async function writeSummary(env: WorkerEnv, summary: NetworkSummary): Promise<void> {
  await env.SNAPSHOT.put(SUMMARY_KEY, JSON.stringify(summary));
}

/** @returns null before the first. */
export const readSummary = (env: WorkerEnv): Promise<NetworkSummary | null> => env.SNAPSHOT.get<NetworkSummary>(SUMMARY_KEY, { type: 'json', cacheTtl: SUMMARY_CACHE_SECONDS });
