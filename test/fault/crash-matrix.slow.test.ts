/**
 * Every program is killed at every step of hardening, audit, inventory and deletion. What is left behind is not looked
 * at after each kill but after all: then every transfer that lives is whole, nothing is left of the others,
 * and what each node has on its disk is what the coordinator holds it to.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { openTransfer } from '../../shared/client/index.ts';
import { SendError, decodeB64, encodeHex } from '../../shared/protocol/index.ts';
import { FaultNetwork, type FaultNode } from '../support/fault-network.ts';
import type { Line } from '../support/line.ts';
import { memoryFile, noise, receive, send } from '../support/memory-files.ts';

const NODES = 12;
const EPOCH_MS = 6_000;
const HEARTBEAT_MS = 500;
/** k = 5 of 12: two segments. */
const content = noise(1, 6_000_000);
const SEGMENTS = 2;
const SOON = { timeout: 90_000, interval: 50 };
/** A rebuilder that died keeps its lease for two minutes. */
const SETTLED = { timeout: 8 * 60_000, interval: 1_000 };

type Moment = 'asked' | 'answered';
/** `receiver`: of the request. `rebuilder`: the node that was ordered last. */
type Victim = 'receiver' | 'coordinator' | 'rebuilder';

const ORDER = /^POST \/v1\/rebuild$/;
const FETCH = /^GET \/v1\/shards\?/;
const STORE = /^GET \/v1\/store$/;
const REPORT = /^POST \/api\/transfers\/[\w-]{22}\/rebuilds$/;
const AUDIT = /^POST \/v1\/audit$/;
const INVENTORY = /^POST \/api\/nodes\/inventory/;
const DELETION = /^DELETE \/v1\/shards/;

let network: FaultNetwork;
const deps = nodeDeps();
beforeAll(async () => {
  network = await FaultNetwork.start({ nodes: NODES, lines: true, clock: { heartbeatMs: HEARTBEAT_MS, epochMs: EPOCH_MS, publishMs: 500 } });
});
afterAll(() => network?.stop());

interface Sent {
  readonly link: string;
  readonly transferId: string;
  readonly ownerToken: string;
}
const alive: Sent[] = [];
const ended: Sent[] = [];

/** Kills at the first request of a kind that passes any line from now on. @returns when the victim is dead. */
function killAt(request: RegExp, moment: Moment, victim: Victim): Promise<void> {
  const done = Promise.withResolvers<void>();
  let isHit = false;
  let rebuilder: FaultNode | null = null;
  const watch = (line: Line, receiver: FaultNode | null): void => {
    line.watcher = async (passing, at) => {
      if (ORDER.test(passing)) rebuilder = receiver;
      if (isHit || at !== moment || !request.test(passing)) return;
      // Senders and recipients call and ask nodes as well: what counts comes after an order.
      if (rebuilder === null && (request === STORE || request === FETCH || victim === 'rebuilder')) return;
      isHit = true;
      if (victim === 'rebuilder') await rebuilder!.kill();
      else if (victim === 'coordinator' || receiver === null) await network.killCoordinator();
      else await receiver.kill();
      done.resolve();
    };
  };
  watch(network.line!, null);
  for (const node of network.nodes) watch(node.line!, node);
  return done.promise;
}

/** Brings everybody back, until all count again. */
async function heal(): Promise<void> {
  for (const line of [network.line!, ...network.nodes.map((node) => node.line!)]) line.watcher = async () => undefined;
  await network.coordinator.start();
  await network.heal();
  await network.untilOnline(NODES);
}

/** Nodes that a busy machine makes late with a heartbeat are not chosen for a moment: who sends then tries again. */
async function sendOne(): Promise<Sent> {
  for (;;) {
    try {
      const sent = await send(network.origin, [memoryFile('file.bin', content)], deps);
      alive.push(sent);
      return sent;
    } catch (thrown) {
      if (!(thrown instanceof SendError && thrown.code === 'network_too_small')) throw thrown;
      await deps.delay(HEARTBEAT_MS);
    }
  }
}

const onDisks = async ({ transferId }: Sent): Promise<number[]> => Promise.all(network.nodes.map(async (node) => (await node.shardFiles(transferId)).length));

/** Whether each of its seats is filled, as the coordinator counts and on the disks. A node that was just killed may have none. */
async function isWhole(sent: Sent): Promise<boolean> {
  const { totalShards, requiredShards, survives } = (await openTransfer(sent.link, deps)).status;
  const holders = (await onDisks(sent)).filter((shards) => shards === SEGMENTS);
  return survives === totalShards - requiredShards && holders.length === totalShards;
}

test.each<[string, RegExp, Moment, Victim]>([
  ['the coordinator as it orders', ORDER, 'asked', 'coordinator'],
  ['the rebuilder as it is ordered', ORDER, 'asked', 'receiver'],
  ['the coordinator when the order was taken', ORDER, 'answered', 'coordinator'],
  ['the rebuilder when it took the order', ORDER, 'answered', 'receiver'],
  ['a target as it is called', STORE, 'asked', 'receiver'],
  ['a target that is ready', STORE, 'answered', 'receiver'],
  ['the rebuilder as it calls targets', STORE, 'asked', 'rebuilder'],
  ['the coordinator as targets are called', STORE, 'asked', 'coordinator'],
  ['a source as it is asked', FETCH, 'asked', 'receiver'],
  ['a source that answers', FETCH, 'answered', 'receiver'],
  ['the rebuilder as sources answer', FETCH, 'answered', 'rebuilder'],
  ['the coordinator as sources answer', FETCH, 'answered', 'coordinator'],
  ['the coordinator as it is told', REPORT, 'asked', 'coordinator'],
  ['the rebuilder as it tells', REPORT, 'asked', 'rebuilder'],
  ['the coordinator when it was told', REPORT, 'answered', 'coordinator'],
  ['the rebuilder when it has told', REPORT, 'answered', 'rebuilder'],
])('hardening: %s is killed', async (_, request, moment, victim) => {
  const killed = killAt(request, moment, victim);
  const sending = sendOne();
  await killed;
  await heal();
  await sending;
});

test.each<[string, RegExp, Moment, Victim]>([
  ['a node as it is audited', AUDIT, 'asked', 'receiver'],
  ['a node that answers an audit', AUDIT, 'answered', 'receiver'],
  ['the coordinator as it audits', AUDIT, 'asked', 'coordinator'],
  ['the coordinator as an audit is answered', AUDIT, 'answered', 'coordinator'],
  ['the coordinator as it is told an inventory', INVENTORY, 'asked', 'coordinator'],
  ['the coordinator when it was told an inventory', INVENTORY, 'answered', 'coordinator'],
])('audit: %s is killed', async (_, request, moment, victim) => {
  await killAt(request, moment, victim);
  await heal();
});

test.each<[string, RegExp, Moment, Victim]>([
  ['a node as it is told to delete', DELETION, 'asked', 'receiver'],
  ['a node that has deleted', DELETION, 'answered', 'receiver'],
  ['the coordinator as it has nodes delete', DELETION, 'asked', 'coordinator'],
  ['the coordinator as nodes say that they have', DELETION, 'answered', 'coordinator'],
])('deletion: %s is killed', async (_, request, moment, victim) => {
  const sent = alive.shift()!;
  const killed = killAt(request, moment, victim);
  const revoke = async (): Promise<unknown> =>
    (await fetch(`${network.origin}/api/transfers/${sent.transferId}`, { method: 'DELETE', headers: { Authorization: `Shardsend-Owner ${sent.ownerToken}` } })).json();
  // The coordinator may be gone before it has answered.
  await revoke().catch(() => undefined);
  ended.push(sent);
  await killed;
  await heal();
  expect(await revoke()).toMatchObject({ state: 'revoked' });
});

test('afterwards nothing is lost', async () => {
  for (const sent of alive) await vi.waitUntil(() => isWhole(sent), SETTLED);
  for (const { link } of alive) expect((await receive(link, deps)).files.get('file.bin')!.equals(content)).toBe(true);
});

test('afterwards nothing is left over: disks and the coordinator agree on every node', async () => {
  const ids = new Set(alive.map(({ transferId }) => encodeHex(decodeB64(transferId))));
  for (const node of network.nodes) {
    await vi.waitUntil(async () => (await transfersOn(node)).every((id) => ids.has(id)), SETTLED);
    const onDisk = await transfersOn(node);
    await vi.waitUntil(async () => (await node.status()).holdings.transfers === onDisk.length, SETTLED);
  }
  for (const sent of ended) expect(new Set(await onDisks(sent))).toEqual(new Set([0]));
});

test('and nobody was blamed for a kill', async () => {
  for (const node of network.nodes) {
    await vi.waitUntil(async () => (await node.status()).owedSinceMs === null, SOON);
    expect(await node.status()).toMatchObject({ integrity: 1, wrongLeaves: 0 });
  }
});

/** Names of the folders on its disk, ascending. */
async function transfersOn(node: FaultNode): Promise<string[]> {
  const shards = path.join(node.dataDir, 'shards');
  const groups = await readdir(shards);
  const names = await Promise.all(groups.map((group) => readdir(path.join(shards, group))));
  return names.flat().toSorted();
}
