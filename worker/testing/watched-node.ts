/** A node together with its object at the coordinator: tests turn the clock, and looks and heartbeats come as they would. */
import { env } from 'cloudflare:workers';
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import type { Reputation } from '../../shared/policy/index.ts';
import type { NodeStatus } from '../../shared/protocol/node-status.ts';
import { clock } from '../clock.ts';
import { Audits, type OwedAudit } from '../node/audits.ts';
import { EpochMoments } from '../node/epoch-moments.ts';
import { PresenceRow } from '../node/presence.ts';
import { ReputationStore } from '../node/reputation-store.ts';
import type { NodeObject } from '../objects/node.ts';
import { fromResult } from '../result.ts';
import { StandInTransfers, type StandInTransfer } from './stand-in-transfers.ts';
import type { TestNode } from './test-node.ts';
import { GIB, advance, random, randomId } from './test-network.ts';

export const EPOCH_MS = 3600_000;
const DAY_MS = 24 * EPOCH_MS;
/** Less than a node may be silent without seeming offline, and a part of a look. */
const HEARTBEAT_MS = 150_000;
export const SHARD_BYTES = 200_000;

/** Unlike any other, and cheap: random bytes, repeated. */
function randomShard(): Uint8Array<ArrayBuffer> {
  const shard = new Uint8Array(SHARD_BYTES);
  const seed = random(1000);
  for (let at = 0; at < shard.length; at += seed.length) shard.set(seed, at);
  return shard;
}

export class WatchedNode {
  readonly node: TestNode;
  readonly transfers = new StandInTransfers();
  readonly #hasStandIns: boolean;
  readonly #moments: EpochMoments;
  #isPrepared = false;

  /**
   * @param node - registered, as `startNetwork` gives it.
   * @param hasStandIns - false: its transfers are real ones.
   */
  constructor(node: TestNode, hasStandIns = true) {
    this.node = node;
    this.#hasStandIns = hasStandIns;
    this.#moments = new EpochMoments(node.nodeId, EPOCH_MS);
  }

  /** The object, with stand-ins for its transfers. */
  async object(): Promise<DurableObjectStub<NodeObject>> {
    const stub = env.NODES.get(env.NODES.idFromName(this.node.nodeId));
    if (this.#hasStandIns && !this.#isPrepared)
      await runInDurableObject(stub, (object) => void Object.defineProperty(object, 'env', { value: { ...env, TRANSFERS: this.transfers } }));
    this.#isPrepared = true;
    return stub;
  }

  /** Kills the object: what it had in memory is gone. */
  async kill(): Promise<void> {
    this.#isPrepared = false;
    await evictDurableObject(env.NODES.get(env.NODES.idFromName(this.node.nodeId)));
  }

  /** The node holds `segments` shards of a new transfer, and its object knows. */
  async hold(segments = 4, expiresInMs = 30 * DAY_MS): Promise<StandInTransfer & { readonly id: string }> {
    const id = randomId();
    const transfer = await this.store(id, segments);
    await (await this.object()).hold({ transferId: id, shardIndex: 3, runs: transfer.runs(SHARD_BYTES), expiresAtMs: clock.nowMs() + expiresInMs });
    return Object.assign(transfer, { id });
  }

  /** The node stores shards of a transfer, and nobody tells its object. */
  async store(transferId: string, segments = 4): Promise<StandInTransfer> {
    const transfer = this.transfers.add(transferId);
    for (let segment = 0; segment < segments; segment++) transfer.roots.set(segment, await this.node.keep(transferId, segment, randomShard()));
    return transfer;
  }

  async heartbeat(): Promise<void> {
    const { nodeId } = this.node;
    const answer = await (await this.object()).heartbeat({ nodeId, atMs: clock.nowMs() }, { freeBytes: GIB, usedBytes: 0, version: '1.0.0' });
    if (!answer.ok) throw new Error(answer.code);
  }

  /** Rings the alarm if it is due. */
  async ring(): Promise<void> {
    const stub = await this.object();
    const alarmAtMs = await this.alarmAtMs();
    if (alarmAtMs !== null && alarmAtMs <= clock.nowMs()) await runDurableObjectAlarm(stub);
  }

  async alarmAtMs(): Promise<number | null> {
    return runInDurableObject(await this.object(), (_, state) => state.storage.getAlarm());
  }

  /** Lives through the time until `atMs`. @param heard - whether heartbeats come. */
  async liveUntil(atMs: number, heard = true): Promise<void> {
    while (clock.nowMs() < atMs) {
      const nextMs = Math.min(atMs, heard ? clock.nowMs() + HEARTBEAT_MS : Infinity, Math.max(clock.nowMs() + 1, (await this.alarmAtMs()) ?? Infinity));
      advance(nextMs - clock.nowMs());
      if (heard) await this.heartbeat();
      await this.ring();
    }
  }

  /** Lives through the next moments at which an epoch is closed, until right after the last. */
  async epochs(count: number, heard = true): Promise<void> {
    for (let i = 0; i < count; i++) await this.liveUntil(await this.nextMomentMs(), heard);
    await this.settle();
  }

  /** Until nothing is left to do at once. */
  async settle(): Promise<void> {
    for (let i = 0; i < 20 && ((await this.alarmAtMs()) ?? Infinity) <= clock.nowMs(); i++) await this.ring();
  }

  /** When the next epoch is closed: that of the registration never is. */
  async nextMomentMs(): Promise<number> {
    const { closedEpoch } = await this.#read((sql) => new PresenceRow(sql).read());
    return this.#moments.momentMs(Math.max(this.#moments.reachedAt(clock.nowMs()), closedEpoch) + 1);
  }

  async status(): Promise<NodeStatus> {
    return fromResult<NodeStatus>((await this.object()).status(null));
  }

  /** Codes of all that changed its standing, the newest first. */
  async reasons(): Promise<string[]> {
    return (await this.status()).history.map(({ to, reason }) => `${to} ${reason.code}`);
  }

  async record(): Promise<Reputation> {
    return this.#read((sql) => new ReputationStore(sql).read());
  }

  /** The audit that waits for an answer. */
  async owed(): Promise<OwedAudit | null> {
    return this.#read((sql) => new Audits(sql).owed(() => true));
  }

  /** An alarm that comes although nothing asked for it. */
  async ringAnyway(): Promise<void> {
    await runInDurableObject(await this.object(), (object) => object.alarm());
  }

  async #read<T>(look: (sql: SqlStorage) => T): Promise<T> {
    return runInDurableObject(await this.object(), (_, state) => look(state.storage.sql));
  }
}
