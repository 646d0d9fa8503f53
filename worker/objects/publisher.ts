/**
 * Publishes the directory: collects its sixteen shards every few seconds, and writes one snapshot, and more rarely one
 * summary, for everybody to read. It remembers nothing that must survive: whatever it misses, it collects the next time.
 * docs/decisions/0008-the-directory-is-published.md
 */
import { DurableObject } from 'cloudflare:workers';
import type { DirectoryNode } from '../../shared/policy/directory-node.ts';
import { clock } from '../clock.ts';
import { allowsSharedHosts, onlineForMsOf, publishMsOf, type WorkerEnv } from '../environment.ts';
import { logFailure } from '../http/log.ts';
import { NO_CROWDING, thinOut } from '../network/crowding.ts';
import { readSnapshot, writeSnapshot, writeSummary } from '../network/published.ts';
import { allShards, shardOf } from '../network/shards.ts';
import { summarize } from '../network/summary.ts';
import type { DirectoryPart } from './directory.ts';

/** Of the time between two publications, how long a registration waits for others to come along: a second of ten, since KV takes a key's writes once a second. */
const SOON_PART = 1 / 10;
/** Publications between two summaries. */
const SUMMARY_EVERY = 6;

export class PublisherObject extends DurableObject<WorkerEnv> {
  #crowding = NO_CROWDING;
  #untilSummary = 0;

  /** A node registered: publishes soon. */
  async wake(): Promise<void> {
    const soonMs = clock.nowMs() + publishMsOf(this.env) * SOON_PART;
    const alarmAtMs = await this.ctx.storage.getAlarm();
    if (alarmAtMs === null || alarmAtMs > soonMs) await this.ctx.storage.setAlarm(soonMs);
  }

  /** Publishes now. @returns whether there is anything that will have to be published again. */
  async publish(): Promise<boolean> {
    const atMs = clock.nowMs();
    const parts = await Promise.all(allShards(this.env.DIRECTORY).map((shard) => orNull('collecting nodes', shard.collect(this.#crowding))));
    const known = parts.flatMap((part) => part?.known ?? []);
    const { nodes, crowding } = allowsSharedHosts(this.env) ? { nodes: known.map(({ node }) => node), crowding: NO_CROWDING } : thinOut(known);
    const all = [...nodes, ...(await this.#publishedOf(parts))];
    await writeSnapshot(this.env, { atMs, nodes: all });
    this.#crowding = crowding;
    if (this.#untilSummary <= 0 || all.length === 0) await this.#summarize(atMs, all, parts);
    this.#untilSummary -= 1;
    return all.length > 0 || parts.includes(null);
  }

  override async alarm(): Promise<void> {
    let goesOn = true;
    try {
      goesOn = await this.publish();
    } catch (thrown) {
      logFailure('publishing', thrown);
    }
    // Whoever registered meanwhile has set it sooner.
    if (goesOn && (await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(clock.nowMs() + publishMsOf(this.env));
  }

  /** What was published of shards that cannot be reached now: one that fails must not take its nodes from everybody. */
  async #publishedOf(parts: readonly (DirectoryPart | null)[]): Promise<readonly DirectoryNode[]> {
    if (!parts.includes(null)) return [];
    const last = await readSnapshot(this.env);
    return last?.nodes.filter(({ nodeId }) => parts[shardOf(nodeId)] === null) ?? [];
  }

  /** Of all, or not at all: a sum that lacks a part is wrong. */
  async #summarize(atMs: number, nodes: readonly DirectoryNode[], parts: readonly (DirectoryPart | null)[]): Promise<void> {
    const censuses = await Promise.all(allShards(this.env.WATCH).map((watch) => orNull('counting transfers', watch.census())));
    const [whole, counted] = [parts.filter((part) => part !== null), censuses.filter((census) => census !== null)];
    if (whole.length < parts.length || counted.length < censuses.length) return;
    await writeSummary(this.env, summarize({ atMs, nodes, onlineForMs: onlineForMsOf(this.env), tallies: whole.map(({ lastDay }) => lastDay), censuses: counted }));
    this.#untilSummary = SUMMARY_EVERY;
  }
}

export const publisherOf = (env: WorkerEnv): DurableObjectStub<PublisherObject> => env.PUBLISHER.get(env.PUBLISHER.idFromName('publisher'));

async function orNull<T>(where: string, asking: Promise<T>): Promise<T | null> {
  try {
    return await asking;
  } catch (thrown) {
    logFailure(where, thrown);
    return null;
  }
}
