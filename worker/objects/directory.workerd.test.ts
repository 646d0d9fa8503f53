import { env } from 'cloudflare:workers';
import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { beforeEach, describe, expect, it } from 'vitest';
import { UNMEASURED, type DirectoryNode } from '../../shared/policy/directory-node.ts';
import { clock } from '../clock.ts';
import { epochMsOf, onlineForMsOf } from '../environment.ts';
import { MAX_NODES_PER_NETWORK, NO_CROWDING } from '../network/crowding.ts';
import { NO_TALLY } from '../network/day-tally.ts';
import { shardAt, shardFor } from '../network/shards.ts';
import type { TestNode } from '../testing/test-node.ts';
import { addNode, advance, codeOf, heartbeat, register, startNetwork } from '../testing/test-network.ts';
import { DirectoryObject, MAX_SHARD_NODES } from './directory.ts';

const DAY_MS = 24 * 3600_000;
const FIRST_SHARD = 0;
const shardOfNode = ({ nodeId }: TestNode) => shardFor(env.DIRECTORY, nodeId);
const firstShard = () => shardAt(env.DIRECTORY, FIRST_SHARD);
const knownTo = async (shard: ReturnType<typeof firstShard>): Promise<DirectoryNode[]> => (await shard.collect(NO_CROWDING)).known.map(({ node }) => node);
const isKnown = async (node: TestNode): Promise<boolean> => (await knownTo(shardOfNode(node))).some(({ nodeId }) => nodeId === node.nodeId);

/** Ids of the first shard. */
const idOf = (i: number): string => `A${String(i).padStart(41, '0')}A`;
const entry = (i: number, values: Partial<DirectoryNode> = {}): DirectoryNode => ({
  ...UNMEASURED,
  nodeId: idOf(i),
  url: `https://n${i}.example.net`,
  operator: `operator ${i}`,
  network: `network ${i}`,
  capacityBytes: 1000,
  freeBytes: 1000,
  lastSeenMs: clock.nowMs(),
  ...values,
});
const codeOfResult = (result: Awaited<ReturnType<DirectoryObject['register']>>): string | null => (result.ok ? null : result.code);

let nodes: TestNode[];
beforeEach(async () => {
  nodes = await startNetwork(3);
});

describe('a directory that starts again', () => {
  it('remembers a heartbeat long before its node would seem offline', async () => {
    advance(onlineForMsOf(env) / 3);
    await heartbeat(nodes[0]!);
    const heardAtMs = clock.nowMs();
    await evictDurableObject(shardOfNode(nodes[0]!));
    const seen = (await knownTo(shardOfNode(nodes[0]!))).find(({ nodeId }) => nodeId === nodes[0]!.nodeId);
    expect(seen?.lastSeenMs).toBe(heardAtMs);
  });
  it('remembers where a node stands and what is thought of it', async () => {
    const node = entry(1, { country: 'PT', asn: 64_500, region: { latitude: 38.7, longitude: -9.1 } });
    await firstShard().register(node);
    const judgement = { standing: 'quarantined', integrity: 0.96, availability: 0.9, speed: 1.5 } as const;
    await firstShard().judge(node.nodeId, judgement);
    await evictDurableObject(firstShard());
    expect((await knownTo(firstShard())).find(({ nodeId }) => nodeId === node.nodeId)).toEqual({ ...node, ...judgement });
  });
});

describe('a node that could not be published', () => {
  it('is not taken in: it would spoil the snapshot for all', async () => {
    for (const values of [{ country: 'Portugal' }, { network: '' }, { integrity: 2 }, { region: { latitude: 91, longitude: 0 } }])
      expect(codeOfResult(await firstShard().register(entry(1, values)))).toBe('bad_request');
    expect((await knownTo(firstShard())).filter(({ nodeId }) => nodeId === idOf(1))).toEqual([]);
  });
  it('is not made of one that could, by a judgement that is none', async () => {
    const node = entry(1);
    await firstShard().register(node);
    await runInDurableObject(firstShard(), (directory: DirectoryObject) =>
      expect(directory.judge(node.nodeId, { standing: 'vetted', integrity: Number.NaN, availability: 1, speed: null })).rejects.toThrow(),
    );
    expect((await knownTo(firstShard())).find(({ nodeId }) => nodeId === node.nodeId)).toEqual(node);
  });
});

describe('a judgement', () => {
  it('of a node that the directory does not know makes none', async () => {
    const before = await knownTo(firstShard());
    await firstShard().judge(idOf(404), { standing: 'vetted', integrity: 1, availability: 1, speed: null });
    expect(await knownTo(firstShard())).toEqual(before);
  });
});

describe('a node that is not heard for 30 days', () => {
  it('is forgotten, also by the storage, and comes back by registering', async () => {
    advance(20 * DAY_MS);
    await heartbeat(nodes[0]!);
    advance(10 * DAY_MS);
    expect(await Promise.all(nodes.map(isKnown))).toEqual([true, false, false]);
    await evictDurableObject(shardOfNode(nodes[1]!));
    expect(await isKnown(nodes[1]!)).toBe(false);
    expect(await codeOf(await heartbeat(nodes[1]!))).toBe('not_found');
    expect((await register(nodes[1]!)).status).toBe(200);
    expect(await isKnown(nodes[1]!)).toBe(true);
  });
  it('is not brought back by a heartbeat that comes before anyone looks', async () => {
    advance(30 * DAY_MS);
    expect(await codeOf(await heartbeat(nodes[0]!))).toBe('not_found');
  });
});

describe('a shard that is full', () => {
  it('takes no new node, keeps nothing of it, and goes on hearing and moving those that it has', async () => {
    await runInDurableObject(shardOfNode(nodes[0]!), (_, { storage }) => {
      const { present } = storage.sql.exec<{ present: number }>('SELECT COUNT(*) AS present FROM nodes').one();
      storage.sql.exec(
        `WITH RECURSIVE names(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM names WHERE i < ?)
         INSERT INTO nodes SELECT 'node ' || i, 'https://n.example.net', 'o', 'n', NULL, NULL, NULL, NULL, 1, 1, 1, ?, 'vetted', 1, 1, NULL FROM names`,
        MAX_SHARD_NODES - present,
        clock.nowMs(),
      );
    });
    await evictDurableObject(shardOfNode(nodes[0]!));
    const late = await addNodeBeside(nodes[0]!);
    expect(await codeOf(await register(late))).toBe('too_many_requests');
    const stub = env.NODES.get(env.NODES.idFromName(late.nodeId));
    expect(await runInDurableObject(stub, (_, state) => state.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'node'").toArray().length)).toBe(0);
    advance(1);
    expect((await heartbeat(nodes[0]!)).status).toBe(200);
    expect((await register(nodes[0]!, { operator: 'another' })).status).toBe(200);
  });
});

/** A new node whose id falls into the same shard. */
async function addNodeBeside(node: TestNode): Promise<TestNode> {
  for (;;) {
    const late = await addNode();
    if (shardOfNode(late).id.equals(shardOfNode(node).id)) return late;
  }
}

describe('one network', () => {
  const network = '198.51.100.0/24';
  const crowd = (): DirectoryNode[] => Array.from({ length: MAX_NODES_PER_NETWORK }, (_, i) => entry(i, { network }));
  const strictly = (work: (strict: DirectoryObject) => Promise<void>): Promise<void> =>
    runInDurableObject(firstShard(), (_, state) => work(new DirectoryObject(state, { ...env, ALLOW_SHARED_HOSTS: 'false' })));

  it('has room for 16 nodes: one more waits until another leaves or is forgotten', async () => {
    await strictly(async (strict) => {
      for (const node of crowd()) expect(codeOfResult(await strict.register(node))).toBeNull();
      const late = entry(90, { network });
      expect(codeOfResult(await strict.register(late))).toBe('too_many_requests');
      expect(codeOfResult(await strict.register(entry(91)))).toBeNull();
      expect(codeOfResult(await strict.register(entry(91, { network }))), 'moving there').toBe('too_many_requests');
      expect(codeOfResult(await strict.register(entry(3, { network, operator: 'again' }))), 'registering again').toBeNull();
      await strict.register(entry(5, { network: 'elsewhere' }));
      expect(codeOfResult(await strict.register(late))).toBeNull();
      advance(30 * DAY_MS);
      expect(codeOfResult(await strict.register(entry(92, { network })))).toBeNull();
    });
  });
  it('that is full elsewhere is full here, and whoever came too late is forgotten and told when it registers again', async () => {
    await strictly(async (strict) => {
      await strict.register(entry(1, { network }));
      await strict.register(entry(2, { network }));
      await strict.register(entry(3, { network: 'elsewhere' }));
      const beyond = [2, 3].map((i) => ({ nodeId: idOf(i), network }));
      const { known } = await strict.collect({ full: [network], beyond });
      expect(known.map(({ node }) => node.nodeId)).toEqual(expect.arrayContaining([idOf(1), idOf(3)]));
      expect(known.map(({ node }) => node.nodeId)).not.toContain(idOf(2));
      expect(await strict.hear({ nodeId: idOf(2), freeBytes: 1, atMs: clock.nowMs() })).toBe(false);
      expect(codeOfResult(await strict.register(entry(2, { network })))).toBe('too_many_requests');
      expect(codeOfResult(await strict.register(entry(1, { network })))).toBeNull();
      await strict.collect(NO_CROWDING);
      expect(codeOfResult(await strict.register(entry(2, { network })))).toBeNull();
    });
  });
  it('has no such bound where nodes may share a host', async () => {
    for (const node of crowd()) expect(codeOfResult(await firstShard().register(node))).toBeNull();
    expect(codeOfResult(await firstShard().register(entry(90, { network })))).toBeNull();
  });
});

describe('what audits and visits came to', () => {
  const epoch = () => Math.floor(clock.nowMs() / epochMsOf(env));
  const audits = (proved: number) => ({ audits: { proved, wrong: 1, unanswered: 0 }, visits: { served: 2, refused: 0 } });
  const lastDay = async () => (await firstShard().collect(NO_CROWDING)).lastDay;

  it('is added up over the last 24 epochs, also after a restart', async () => {
    await firstShard().tally(audits(10), epoch());
    await firstShard().tally(audits(5), epoch());
    advance(epochMsOf(env));
    await firstShard().tally(audits(1), epoch());
    await evictDurableObject(firstShard());
    expect(await lastDay()).toEqual({ audits: { proved: 16, wrong: 3, unanswered: 0 }, visits: { served: 6, refused: 0 } });
    advance(23 * epochMsOf(env));
    expect(await lastDay()).toEqual(audits(1));
    advance(epochMsOf(env));
    expect(await lastDay()).toEqual(NO_TALLY);
  });
  it('keeps a row for each of them alone', async () => {
    for (let i = 0; i < 60; i += 1) {
      await firstShard().tally(audits(1), epoch());
      advance(epochMsOf(env));
    }
    const rows = await runInDurableObject(firstShard(), (_, { storage }) => storage.sql.exec('SELECT epoch FROM tallies').toArray().length);
    expect(rows).toBe(24);
  });
});
