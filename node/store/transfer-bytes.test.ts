import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodeCommitted, encodeOpen, encodeStatements } from '../../shared/protocol/index.ts';
import { newTransferId } from '../testing/coordinator.ts';
import type { NodeProcess } from '../testing/node-process.ts';
import { makeShard, type TestShard } from '../testing/shards.ts';
import { Stage } from '../testing/stage.ts';
import { StoreClient } from '../testing/store-client.ts';

let stage: Stage;
let node: NodeProcess;
beforeAll(async () => {
  stage = await Stage.set();
  node = await stage.start();
});
afterAll(() => stage.clear());

async function answerTo(client: StoreClient, shard: TestShard): Promise<string> {
  client.sendShard(shard, shard.bytes);
  const message = (await client.next())!;
  return message.type === 'problem' ? message.error.code : message.type;
}

it('holds no more of a transfer than its order says, over however many orders', async () => {
  const terms = { action: 'store', transferId: newTransferId(), maxBytes: 3000 } as const;
  const open = async () => await StoreClient.open(node.url, await stage.coordinator.order(node.nodeId, terms));
  const shards = await Promise.all(Array.from({ length: 4 }, (_, segment) => makeShard(segment, 1000)));
  const [one, two] = [await open(), await open()];
  expect([await answerTo(one, shards[0]!), await answerTo(two, shards[1]!), await answerTo(one, shards[2]!)]).toEqual(['stored', 'stored', 'stored']);
  expect(await answerTo(two, shards[3]!)).toBe('order_budget');
  const [same, smaller, larger] = [await makeShard(1, 1000), await makeShard(1, 400), await makeShard(1, 1001)];
  expect([await answerTo(two, same), await answerTo(one, smaller)]).toEqual(['stored', 'stored']);
  await Promise.all([one.close(), two.close()]);

  const later = await open();
  expect([await answerTo(later, larger), await answerTo(later, await makeShard(9, 601)), await answerTo(later, await makeShard(9, 600))]).toEqual([
    'order_budget',
    'order_budget',
    'stored',
  ]);
  await later.close();
});

it('counts what is still being written by others', async () => {
  const terms = { action: 'store', transferId: newTransferId(), maxBytes: 3_000_000 } as const;
  const clients = await Promise.all(Array.from({ length: 6 }, async () => await StoreClient.open(node.url, await stage.coordinator.order(node.nodeId, terms))));
  const shards = await Promise.all(clients.map((_, segment) => makeShard(segment, 1_000_000)));
  const answers = await Promise.all(clients.map((client, i) => answerTo(client, shards[i]!)));
  expect(answers.toSorted()).toEqual([...Array(3).fill('order_budget'), ...Array(3).fill('stored')]);
  await Promise.all(clients.map((client) => client.close()));
});

it('lets an order for rebuilding add the shards that it names', async () => {
  const transferId = newTransferId();
  const [held, lost] = [await makeShard(0, 5000), await makeShard(1, 1000)];
  const client = await StoreClient.open(node.url, await stage.coordinator.order(node.nodeId, { action: 'store', transferId }));
  expect(await answerTo(client, held)).toBe('stored');
  await client.close();
  const commitment = Uint8Array.from(
    createHash('sha256')
      .update(encodeStatements([lost]))
      .digest(),
  );
  const rebuilding = await StoreClient.connect(node.url);
  rebuilding.send(encodeOpen(await stage.coordinator.order(node.nodeId, { action: 'store', transferId, maxBytes: 2000, commitment })));
  rebuilding.send(encodeCommitted([lost]));
  await rebuilding.expect('ready');
  expect(await answerTo(rebuilding, lost)).toBe('stored');
  await rebuilding.close();
});
