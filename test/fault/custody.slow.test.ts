/** One network over the epochs: nodes that damage, lose or hide what they hold, that are away, and that leave. */
import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import type { NodeStatus } from '../../shared/protocol/index.ts';
import { FaultNetwork, type FaultNode } from '../support/fault-network.ts';
import { memoryFile, noise, receive, send } from '../support/memory-files.ts';
import { runCommand, untilHardened } from '../support/network.ts';

/** What stands in a shard file before the shard. */
const SHARD_HEADER_BYTES = 128;
const EPOCH_MS = 4_000;
const SOON = { timeout: 120_000, interval: 200 };
/** Six of them are any k = 3 of a transfer; the others take their places. */
const FIRST = 6;
const FRESH = 5;
const REQUIRED = 3;
const SEGMENTS = 10;

const deps = nodeDeps();
const content = noise(1, SEGMENTS * REQUIRED * 4 * 262_128 - 1_000_000);

let network: FaultNetwork;
let link: string;
let transferId: string;
/** The first node's way to the coordinator. */
let secretive: InventoryHider;

beforeAll(async () => {
  secretive = await InventoryHider.listen();
  network = await FaultNetwork.start({
    nodes: FIRST + FRESH,
    proxies: 1,
    later: FRESH,
    clock: { heartbeatMs: 300, epochMs: EPOCH_MS, publishMs: 300 },
    flags: (i, origin) => (i === 0 ? ['--coordinator', secretive.to(origin)] : []),
  });
  ({ link, transferId } = await send(network.origin, [memoryFile('file.bin', content)], deps));
  await untilHardened(link, deps);
  await Promise.all(network.nodes.slice(FIRST).map((node) => node.start()));
});
afterAll(async () => {
  await network?.stop();
  await secretive?.close();
});

/** Nodes that hold a shard of every segment. */
async function whole(): Promise<FaultNode[]> {
  const held = await Promise.all(network.nodes.map((node) => node.shardFiles(transferId)));
  return network.nodes.filter((_, i) => held[i]!.length === SEGMENTS);
}
async function expectBack(): Promise<void> {
  expect((await receive(link, deps)).files.get('file.bin')!.equals(content)).toBe(true);
}
async function untilStatus(node: FaultNode, reached: (status: NodeStatus) => boolean): Promise<NodeStatus> {
  let status = await node.status();
  await vi.waitUntil(async () => reached((status = await node.status())), SOON);
  return status;
}
/** As many hold it as before, the one node is not among them, and nothing of it is left there. */
async function untilReplaced(node: FaultNode): Promise<void> {
  await vi.waitUntil(async () => (await whole()).filter((holder) => holder !== node).length === FIRST && (await node.shardFiles(transferId)).length === 0, SOON);
  await expectBack();
}
const shardIn = async (file: string): Promise<Buffer> => (await readFile(file)).subarray(SHARD_HEADER_BYTES);
const isMistrusted = ({ standing }: NodeStatus): boolean => standing === 'quarantined' || standing === 'disqualified';
const codes = ({ history }: NodeStatus): string[] => history.map(({ reason }) => reason.code);

test('a node that is offline for epochs has not failed, and answers what it owes when it is back', async () => {
  const away = network.nodes[1]!;
  const before = await untilStatus(away, ({ provedLeaves }) => provedLeaves > 0);
  await away.kill();
  const { owedSinceMs } = await untilStatus(away, (now) => now.owedSinceMs !== null);
  await vi.waitUntil(() => Date.now() > owedSinceMs! + 4 * EPOCH_MS, SOON);
  expect(await away.status()).toMatchObject({ integrity: 1, wrongLeaves: 0 });
  await away.start();
  const after = await untilStatus(away, (now) => now.owedSinceMs === null && now.provedLeaves > before.provedLeaves);
  expect(after).toMatchObject({ integrity: 1, wrongLeaves: 0 });
  expect(await away.shardFiles(transferId)).toHaveLength(SEGMENTS);
});

test('a node that answers only what it has goes on owing the same audit, is suspended, and is judged by it when it answers', async () => {
  const liar = network.nodes[0]!;
  await untilStatus(liar, ({ provedLeaves }) => provedLeaves > 0);
  secretive.hides = true;
  liar.proxy!.mode = 'hide-absence';
  for (const file of (await liar.shardFiles(transferId)).slice(1)) await rm(file);
  const { owedSinceMs, provedLeaves } = await untilStatus(liar, (now) => now.standing === 'suspended' && codes(now)[0] === 'audit_owed');
  await vi.waitUntil(() => Date.now() > owedSinceMs! + 5 * EPOCH_MS, SOON);
  expect(await liar.status()).toMatchObject({ provedLeaves, wrongLeaves: 0, integrity: 1, standing: 'suspended' });
  liar.proxy!.mode = 'honest';
  await untilStatus(liar, ({ wrongLeaves }) => wrongLeaves > 0);
  secretive.hides = false;
  await untilStatus(liar, isMistrusted);
  await untilReplaced(liar);
});

test('a node on whose disk a few shards are flipped is found out, and they are rebuilt', async () => {
  const rotten = network.nodes[2]!;
  const files = (await rotten.shardFiles(transferId)).slice(0, 2);
  const shards = await Promise.all(files.map(shardIn));
  for (const file of files) await flip(file);
  const { integrity } = await untilStatus(rotten, ({ wrongLeaves }) => wrongLeaves > 0);
  expect(integrity).toBeLessThan(1);
  // In place while the node is trusted, elsewhere when it is not.
  const isMended = async (): Promise<boolean> => {
    const holders = await whole();
    return holders.length === FIRST && (!holders.includes(rotten) || (await Promise.all(files.map(shardIn))).every((shard, i) => shard.equals(shards[i]!)));
  };
  await vi.waitUntil(isMended, SOON);
  await expectBack();
});

test('a node on whose disk most shards are flipped is quarantined, and what it held is rebuilt elsewhere', async () => {
  const rotten = network.nodes[2]!;
  for (const file of (await rotten.shardFiles(transferId)).slice(0, 8)) await flip(file);
  const status = await untilStatus(rotten, isMistrusted);
  expect(codes(status)[0]).toBe(status.standing === 'disqualified' ? 'integrity_lost' : 'integrity_low');
  // It may have noticed by itself, and is then told nothing of audits that found nothing.
  expect(status.history[0]!.sentence).not.toContain(' 0 pieces');
  await untilReplaced(rotten);
});

test('a node from whose disk all shards are gone is trusted no more, and they are rebuilt elsewhere', async () => {
  const emptied = network.nodes[3]!;
  await rm(`${emptied.dataDir}/shards`, { recursive: true });
  // Its inventory alone puts it out; an audit that comes first asks 16 leaves, of which 17 in a row would (docs/operating.md).
  const status = await untilStatus(emptied, isMistrusted);
  expect(codes(status)[0]).toBe(status.standing === 'disqualified' ? 'integrity_lost' : 'integrity_low');
  expect(status.history[0]!.sentence).toMatch(/\w/);
  await untilReplaced(emptied);
});

test('complaint "garbage never clears": a node whose disk came back from an old copy is rid of what has ended since', async () => {
  const restored = network.nodes[5]!;
  const copy = path.join(await network.newFolder(), 'copy');
  const { link: brief, transferId: ended, ownerToken } = await send(network.origin, [memoryFile('file.bin', content.subarray(0, 20_000))], deps);
  await untilHardened(brief, deps);
  expect(await restored.shardFiles(ended)).toHaveLength(1);
  await restored.kill();
  await cp(restored.dataDir, copy, { recursive: true });
  await restored.start();
  await fetch(`${network.origin}/api/transfers/${ended}`, { method: 'DELETE', headers: { Authorization: `Shardsend-Owner ${ownerToken}` } });
  await vi.waitUntil(async () => (await restored.shardFiles(ended)).length === 0, SOON);

  // It knows nothing of the deletion any more, and nobody has to order it again.
  await restored.kill();
  await rm(restored.dataDir, { recursive: true });
  await cp(copy, restored.dataDir, { recursive: true });
  await restored.start();
  await vi.waitUntil(async () => (await restored.shardFiles(ended)).length === 0, SOON);
  expect(await restored.shardFiles(transferId)).toHaveLength(SEGMENTS);
});

test('a node that leaves is emptied first, and is then stopped without loss', async () => {
  const leaver = network.nodes[4]!;
  const { code, stdout } = await runCommand(['node', 'leave', '--yes', '--data', leaver.dataDir]);
  expect([code, stdout]).toEqual([0, expect.stringContaining('Nothing is left')]);
  await untilReplaced(leaver);
  await leaver.program.stop();
  // As many may be lost as before.
  for (const node of (await whole()).slice(REQUIRED)) await node.kill();
  await expectBack();
});

async function flip(file: string): Promise<void> {
  const bytes = await readFile(file);
  for (let at = SHARD_HEADER_BYTES; at < bytes.length; at += 4_096) bytes[at]! ^= 1;
  await writeFile(file, bytes);
}

/** Between a node and the coordinator: keeps its inventories back, so that it cannot be honest about what it lost. */
class InventoryHider {
  hides = false;
  readonly #server: Server;
  #origin = '';

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => {
      const { method, url = '', headers } = request;
      if (this.hides && url.startsWith('/api/nodes/inventory')) return void request.resume().on('end', () => response.writeHead(503).end());
      const onward = httpRequest(this.#origin + url, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      request.pipe(onward);
    });
  }
  static async listen(): Promise<InventoryHider> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new InventoryHider(server);
  }
  /** @returns where the node is to find the coordinator. */
  to(origin: string): string {
    this.#origin = origin;
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
