import { env } from 'cloudflare:workers';
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { beforeEach, describe, expect, it } from 'vitest';
import { UNMEASURED, type DirectoryNode } from '../../shared/policy/directory-node.ts';
import { encodeB64 } from '../../shared/protocol/bytes.ts';
import { networkSummarySchema } from '../../shared/protocol/node-status.ts';
import { parseMessage } from '../../shared/protocol/messages.ts';
import { clock } from '../clock.ts';
import { publishMsOf, type WorkerEnv } from '../environment.ts';
import { MAX_NODES_PER_NETWORK } from '../network/crowding.ts';
import { readSummary } from '../network/published.ts';
import { SHARDS, allShards, shardAt, shardFor, shardOf } from '../network/shards.ts';
import { publish, publishedNodes } from '../testing/publishing.ts';
import type { TestNode } from '../testing/test-node.ts';
import { addNode, advance, GIB, heartbeat, random, startNetwork } from '../testing/test-network.ts';
import { PublisherObject, publisherOf } from './publisher.ts';

const DAY_MS = 24 * 3600_000;
const publisher = () => publisherOf(env);
const alarmInMs = async (): Promise<number | null> => {
  const atMs = await runInDurableObject(publisher(), (_, { storage }) => storage.getAlarm());
  return atMs === null ? null : atMs - clock.nowMs();
};
const publishedIds = async (): Promise<string[]> => (await publishedNodes()).map(({ nodeId }) => nodeId).toSorted();
/** Publishes with bindings that are not those of the tests. */
const publishWith = (bindings: Partial<WorkerEnv>): Promise<boolean> =>
  runInDurableObject(publisher(), (_, state) => new PublisherObject(state, { ...env, ...bindings }).publish());

/** Objects of which those for which `fails` holds cannot be reached. */
function failing<T extends Rpc.DurableObjectBranded>(objects: DurableObjectNamespace<T>, fails: (id: DurableObjectId) => boolean): DurableObjectNamespace<T> {
  return new Proxy(objects, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (name !== 'get') return typeof value === 'function' ? value.bind(target) : value;
      return (id: DurableObjectId) => (fails(id) ? { collect: () => Promise.reject(new Error('gone')), census: () => Promise.reject(new Error('gone')) } : target.get(id));
    },
  });
}

/** A node with an id of its own, ready to be registered. */
const entry = (values: Partial<DirectoryNode> = {}): DirectoryNode => ({
  ...UNMEASURED,
  nodeId: encodeB64(random(32)),
  url: 'https://n.example.net',
  operator: 'somebody',
  network: '198.51.100.0/24',
  capacityBytes: GIB,
  freeBytes: GIB,
  lastSeenMs: clock.nowMs(),
  ...values,
});
const enter = async (node: DirectoryNode): Promise<DirectoryNode> => {
  expect(await shardFor(env.DIRECTORY, node.nodeId).register(node)).toMatchObject({ ok: true });
  return node;
};

let nodes: TestNode[];
beforeEach(async () => {
  nodes = await startNetwork(3);
});
const ids = (): string[] => nodes.map(({ nodeId }) => nodeId).toSorted();

describe('the directory', () => {
  it('is published soon after a registration, together with those that follow it at once, and then as often as is set', async () => {
    await runDurableObjectAlarm(publisher());
    expect(await alarmInMs()).toBe(publishMsOf(env));
    await enter(entry());
    expect(await alarmInMs()).toBe(publishMsOf(env) / 10);
    advance(400);
    const { nodeId } = await enter(entry());
    expect(await alarmInMs()).toBe(publishMsOf(env) / 10 - 400);
    advance(600);
    await runDurableObjectAlarm(publisher());
    expect(await publishedIds()).toHaveLength(5);
    expect(await publishedIds()).toContain(nodeId);
    expect(await alarmInMs()).toBe(publishMsOf(env));
  });
  it('shows heartbeats and judgements with the next publication', async () => {
    advance(5000);
    await heartbeat(nodes[0]!);
    await shardFor(env.DIRECTORY, nodes[1]!.nodeId).judge(nodes[1]!.nodeId, { standing: 'vetted', integrity: 0.99, availability: 0.9, speed: 2 });
    await publish();
    const published = new Map((await publishedNodes()).map((node) => [node.nodeId, node]));
    expect(published.get(nodes[0]!.nodeId)?.lastSeenMs).toBe(clock.nowMs());
    expect(published.get(nodes[1]!.nodeId)).toMatchObject({ standing: 'vetted', integrity: 0.99, availability: 0.9, speed: 2, lastSeenMs: clock.nowMs() - 5000 });
  });
  it('is published on by a publisher that starts again', async () => {
    await evictDurableObject(publisher());
    await addNode();
    expect(await publishedIds()).toEqual(ids());
    expect(ids()).toHaveLength(4);
  });
  it('is published until the last node is forgotten, and again when one comes', async () => {
    advance(30 * DAY_MS);
    await runDurableObjectAlarm(publisher());
    expect(await publishedIds()).toEqual([]);
    expect(await alarmInMs()).toBeNull();
    await enter(entry());
    expect(await alarmInMs()).not.toBeNull();
  });
  it('is published again after the publisher lost its alarm, since heartbeats notice', async () => {
    await runInDurableObject(publisher(), (_, { storage }) => storage.deleteAlarm());
    advance(3 * publishMsOf(env) - 1);
    await heartbeat(nodes[0]!);
    expect(await alarmInMs()).toBeNull();
    advance(1);
    await heartbeat(nodes[0]!);
    expect(await alarmInMs()).toBe(publishMsOf(env) / 10);
  });
  it('keeps the nodes of a shard that cannot be reached as they were published last', async () => {
    const lost = shardOf(nodes[0]!.nodeId);
    const others = nodes.filter(({ nodeId }) => shardOf(nodeId) !== lost);
    const before = (await publishedNodes()).find(({ nodeId }) => nodeId === nodes[0]!.nodeId);
    advance(5000);
    for (const node of nodes) await heartbeat(node);
    expect(await publishWith({ DIRECTORY: failing(env.DIRECTORY, (id) => id.equals(shardAt(env.DIRECTORY, lost).id)) })).toBe(true);
    expect(await publishedIds()).toEqual(ids());
    const now = await publishedNodes();
    expect(now.find(({ nodeId }) => nodeId === nodes[0]!.nodeId)).toEqual(before);
    for (const { nodeId } of others) expect(now.find((node) => node.nodeId === nodeId)?.lastSeenMs).toBe(clock.nowMs());
  });
  it('goes on being published when no shard can be reached, or nothing can be written', async () => {
    expect(await publishWith({ DIRECTORY: failing(env.DIRECTORY, () => true) })).toBe(true);
    expect(await publishedIds()).toEqual(ids());
    const broken = { ...env, SNAPSHOT: new Proxy(env.SNAPSHOT, { get: () => () => Promise.reject(new Error('no room')) }) };
    const alarmAtMs = await runInDurableObject(publisher(), async (_, state) => {
      await state.storage.deleteAlarm();
      await new PublisherObject(state, broken).alarm();
      return state.storage.getAlarm();
    });
    expect(alarmAtMs).toBe(clock.nowMs() + publishMsOf(env));
  });
  it('shows of one network the 16 nodes that are known longest, whichever shards they are in, and tells the shards', async () => {
    const crowd: DirectoryNode[] = [];
    for (let i = 0; i < MAX_NODES_PER_NETWORK + 4; i += 1) {
      advance(1);
      crowd.push(await enter(entry()));
    }
    const strict = { ALLOW_SHARED_HOSTS: 'false' };
    await runInDurableObject(publisher(), async (_, state) => {
      const object = new PublisherObject(state, { ...env, ...strict });
      await object.publish();
      await object.publish();
    });
    const expected = crowd.slice(0, MAX_NODES_PER_NETWORK).map(({ nodeId }) => nodeId);
    expect(await publishedIds()).toEqual([...ids(), ...expected].toSorted());
    const late = crowd.at(-1)!;
    expect(await shardFor(env.DIRECTORY, late.nodeId).hear({ nodeId: late.nodeId, freeBytes: 1, atMs: clock.nowMs() })).toBe(false);
  });
});

describe('a directory of 10,000 nodes', () => {
  const COUNT = 10_000;

  it('is published and read whole, in well under a KV value, and no shard holds more than its part', async () => {
    const shard = COUNT / SHARDS;
    for (const [place, stub] of allShards(env.DIRECTORY).entries()) {
      await runInDurableObject(stub, (object, { storage }) => {
        // Its tables are made with its first node.
        return object.register(entry({ nodeId: idIn(place, 0) })).then(() =>
          storage.sql.exec(
            `WITH RECURSIVE names(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM names WHERE i < ?)
             INSERT INTO nodes SELECT ? || printf('%041d', i) || 'A', 'https://node-' || i || '.example.net:9000', 'operator ' || i, '10.' || (i / 250) || '.' || (i % 250) || '.0/24',
               'PT', 64500 + i, 38.123, -9.456, 1, ?, ?, ?, 'vetted', 0.998123456, 0.987654321, 1.23456789 FROM names`,
            shard - 1,
            idIn(place, 0).charAt(0),
            2 ** 40,
            2 ** 39,
            clock.nowMs(),
          ),
        );
      });
      await evictDurableObject(stub);
      expect(JSON.stringify(await stub.collect({ full: [], beyond: [] })).length).toBeLessThan(2 ** 20);
    }
    await publish();
    const published = await publishedNodes();
    expect(published.filter(({ network }) => network.startsWith('10.')).length).toBeGreaterThanOrEqual(COUNT - SHARDS);
    expect(new Set(published.map(({ nodeId }) => nodeId)).size).toBe(COUNT + nodes.length);
    const bytes = await env.SNAPSHOT.get('snapshot', 'arrayBuffer');
    expect(bytes!.byteLength).toBeLessThan(4 * 2 ** 20);
  });
});

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const idIn = (shard: number, i: number): string => `${ALPHABET.charAt(4 * shard)}${String(i).padStart(41, '0')}A`;

describe('the summary', () => {
  it('adds up nodes, tallies and transfers, and is one that every program can read', async () => {
    await shardFor(env.DIRECTORY, nodes[0]!.nodeId).tally(
      { audits: { proved: 16, wrong: 1, unanswered: 2 }, visits: { served: 3, refused: 1 } },
      Math.floor(clock.nowMs() / 3600_000),
    );
    await evictDurableObject(publisher());
    await publish();
    const summary = parseMessage(networkSummarySchema, await readSummary(env));
    expect(summary).toMatchObject({ atMs: clock.nowMs(), nodes: { total: 3, online: 3, byStanding: { unvetted: 3, vetted: 0 } }, capacityBytes: 3 * GIB });
    expect(summary.lastDay).toMatchObject({ audits: { proved: 16, wrong: 1, unanswered: 2 }, visits: { served: 3, refused: 1 } });
  });
  it('is written with every sixth publication', async () => {
    await evictDurableObject(publisher());
    const times: number[] = [];
    for (let i = 0; i < 13; i += 1) {
      advance(1000);
      await publish();
      times.push((await readSummary(env))!.atMs);
    }
    expect(new Set(times).size).toBe(3);
  });
  it('waits where a part is missing: a sum without it would be wrong', async () => {
    const before = await readSummary(env);
    advance(1000);
    await publishWith({ WATCH: failing(env.WATCH, (id) => id.equals(shardAt(env.WATCH, 3).id)) });
    await publishWith({ DIRECTORY: failing(env.DIRECTORY, (id) => id.equals(shardAt(env.DIRECTORY, 3).id)) });
    expect(await readSummary(env)).toEqual(before);
    await publishWith({});
    expect((await readSummary(env))!.atMs).toBe(clock.nowMs());
  });
});
