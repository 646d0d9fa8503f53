import { env } from 'cloudflare:workers';
import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { beforeEach, describe, expect, it } from 'vitest';
import { UNMEASURED, type DirectoryNode } from '../../shared/policy/directory-node.ts';
import { clock } from '../clock.ts';
import { onlineForMsOf } from '../environment.ts';
import type { TestNode } from '../testing/test-node.ts';
import { addNode, advance, codeOf, heartbeat, register, startNetwork } from '../testing/test-network.ts';
import { DIRECTORY_NAME, DirectoryObject, MAX_DIRECTORY_NODES, MAX_NODES_PER_NETWORK } from './directory.ts';

const DAY_MS = 24 * 3600_000;
const directory = () => env.DIRECTORY.get(env.DIRECTORY.idFromName(DIRECTORY_NAME));
const knownIds = async (): Promise<string[]> => (await directory().snapshot()).map(({ nodeId }) => nodeId).toSorted();
const entry = (i: number, values: Partial<DirectoryNode> = {}): DirectoryNode => ({
  ...UNMEASURED,
  nodeId: `node ${i}`,
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
    const onlineForMs = onlineForMsOf(env);
    advance(onlineForMs / 3);
    await heartbeat(nodes[0]!);
    const heardAtMs = clock.nowMs();
    await evictDurableObject(directory());
    const seen = (await directory().snapshot()).find(({ nodeId }) => nodeId === nodes[0]!.nodeId);
    expect(seen?.lastSeenMs).toBe(heardAtMs);
  });
});

describe('a node that is not heard for 30 days', () => {
  it('is forgotten, also by the storage, and comes back by registering', async () => {
    advance(20 * DAY_MS);
    await heartbeat(nodes[0]!);
    advance(10 * DAY_MS);
    expect(await knownIds()).toEqual([nodes[0]!.nodeId]);
    await evictDurableObject(directory());
    expect(await knownIds()).toEqual([nodes[0]!.nodeId]);
    expect(await codeOf(await heartbeat(nodes[1]!))).toBe('not_found');
    expect((await register(nodes[1]!)).status).toBe(200);
    expect(await knownIds()).toEqual([nodes[0]!.nodeId, nodes[1]!.nodeId].toSorted());
  });
  it('is not brought back by a heartbeat that comes before anyone looks', async () => {
    advance(30 * DAY_MS);
    expect(await codeOf(await heartbeat(nodes[0]!))).toBe('not_found');
  });
});

describe('a directory that is full', () => {
  it('takes no new node, keeps nothing of it, and goes on hearing and moving those that it has', async () => {
    await runInDurableObject(directory(), (_, { storage }) => {
      storage.sql.exec(
        `WITH RECURSIVE names(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM names WHERE i < ?)
         INSERT INTO nodes SELECT 'node ' || i, 'https://n.example.net', 'o', 'n', 1, 1, ? FROM names`,
        MAX_DIRECTORY_NODES - 3,
        clock.nowMs(),
      );
    });
    await evictDurableObject(directory());
    const late = await addNode();
    expect(await codeOf(await register(late))).toBe('too_many_requests');
    const stub = env.NODES.get(env.NODES.idFromName(late.nodeId));
    expect(await runInDurableObject(stub, (_, state) => state.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'node'").toArray().length)).toBe(0);
    advance(1);
    expect((await heartbeat(nodes[0]!)).status).toBe(200);
    expect((await register(nodes[0]!, { operator: 'another' })).status).toBe(200);
  });
});

describe('one network', () => {
  const crowd = (network: string): DirectoryNode[] => Array.from({ length: MAX_NODES_PER_NETWORK }, (_, i) => entry(i, { network }));

  it('has room for 16 nodes: one more waits until another leaves or is forgotten', async () => {
    await runInDurableObject(directory(), async (_, state) => {
      const strict = new DirectoryObject(state, { ...env, ALLOW_SHARED_HOSTS: 'false' });
      for (const node of crowd('198.51.100.0/24')) expect(codeOfResult(await strict.register(node))).toBeNull();
      const late = entry(90, { network: '198.51.100.0/24' });
      expect(codeOfResult(await strict.register(late))).toBe('too_many_requests');
      expect(codeOfResult(await strict.register(entry(91)))).toBeNull();
      expect(codeOfResult(await strict.register(entry(91, { network: '198.51.100.0/24' }))), 'moving there').toBe('too_many_requests');
      expect(codeOfResult(await strict.register(entry(3, { network: '198.51.100.0/24', operator: 'again' }))), 'registering again').toBeNull();
      await strict.register(entry(5, { network: 'elsewhere' }));
      expect(codeOfResult(await strict.register(late))).toBeNull();
      advance(30 * DAY_MS);
      expect(codeOfResult(await strict.register(entry(92, { network: '198.51.100.0/24' })))).toBeNull();
    });
  });
  it('has no such bound where nodes may share a host', async () => {
    for (const node of crowd('one')) expect(codeOfResult(await directory().register(node))).toBeNull();
    expect(codeOfResult(await directory().register(entry(90, { network: 'one' })))).toBeNull();
  });
});
