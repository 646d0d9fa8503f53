import { env } from 'cloudflare:workers';
import { evictDurableObject } from 'cloudflare:test';
import { beforeEach, describe, expect, it } from 'vitest';
import { readDirectory, forgetDirectory } from '../network/directory.ts';
import { publish } from '../testing/publishing.ts';
import { advance, codeOf, randomId, startNetwork, TestTransfer } from '../testing/test-network.ts';
import type { TestNode } from '../testing/test-node.ts';
import { EPOCH_MS, WatchedNode } from '../testing/watched-node.ts';
import { SPEED_WINDOW_EPOCHS } from './speed-reports.ts';

let nodes: TestNode[];
beforeEach(async () => {
  nodes = await startNetwork(3);
});
const speedsOf = (...of: TestNode[]) => Promise.all(of.map(async (node) => (await new WatchedNode(node, false).record()).speed));
const sourceAt = (i: number): string => `198.51.${i}.0/24`;

describe('words on a node’s speed', () => {
  const told = async (watched: WatchedNode, source: string, ratio: number, transferId = randomId(), direction: 'sent' | 'fetched' = 'sent') =>
    (await watched.object()).noteSpeed({ transferId, direction, source, ratio });

  it('of eight sources make a speed, which the directory learns with the epoch', async () => {
    const watched = new WatchedNode(nodes[0]!);
    for (let i = 0; i < 7; i++) await told(watched, sourceAt(i), 2);
    expect((await watched.status()).speed).toBeNull();
    await told(watched, sourceAt(7), 2);
    expect((await watched.status()).speed).toBeCloseTo(2, 6);
    await watched.epochs(2);
    await publish();
    forgetDirectory();
    const { nodes: known } = await readDirectory(env);
    expect(known.find(({ nodeId }) => nodeId === watched.node.nodeId)?.speed).toBeCloseTo(2, 6);
  });
  it('count once a day from one source, whatever transfers it names, and after a restart', async () => {
    const watched = new WatchedNode(nodes[0]!);
    for (let i = 0; i < 8; i++) await told(watched, sourceAt(i), 1);
    for (let i = 0; i < 100; i++) await told(watched, sourceAt(200), 1 / 8);
    const afterOne = (await watched.status()).speed!;
    expect(afterOne).toBeGreaterThan(0.75);
    await watched.kill();
    await told(watched, sourceAt(200), 1 / 8);
    expect((await watched.status()).speed).toBe(afterOne);
    advance(SPEED_WINDOW_EPOCHS * EPOCH_MS);
    await told(watched, sourceAt(200), 1 / 8);
    expect((await watched.status()).speed).toBeLessThan(afterOne);
  });
  it('on one transfer count once as sent and once as fetched, from however many sources', async () => {
    const watched = new WatchedNode(nodes[0]!);
    const transferId = randomId();
    for (let i = 0; i < 20; i++) await told(watched, sourceAt(i), 8, transferId, i % 2 === 0 ? 'sent' : 'fetched');
    expect((await watched.record()).speed.samples).toBe(2);
  });
  it('never touch a standing', async () => {
    const watched = new WatchedNode(nodes[0]!);
    for (let i = 0; i < 200; i++) await told(watched, sourceAt(i), 1 / 8);
    expect(await watched.status()).toMatchObject({ standing: 'unvetted', integrity: 1, history: [] });
  });
  it('of a node that never registered change nothing', async () => {
    const stub = env.NODES.get(env.NODES.idFromName(randomId()));
    await stub.noteSpeed({ transferId: randomId(), direction: 'sent', source: 'x', ratio: 2 });
    expect(await stub.status(null)).toMatchObject({ ok: false, code: 'not_found' });
  });
});

describe('a client that has finished', () => {
  const paces = [
    { shardIndex: 0, ratio: 2 },
    { shardIndex: 1, ratio: 1 },
    { shardIndex: 2, ratio: 0.5 },
  ];
  /** Everything but `complete`, which is repeated. */
  async function uploaded(): Promise<TestTransfer> {
    const transfer = new TestTransfer();
    transfer.placement = await (await transfer.create()).json();
    await transfer.commit([transfer.seal(0)], await transfer.receipts([0, 1], [0]));
    await transfer.commit([], await transfer.receipts([2], [0]));
    await transfer.asOwner('PUT', '/manifest', transfer.manifest);
    return transfer;
  }
  const logs2 = async (transfer: TestTransfer): Promise<number[]> => (await speedsOf(...[0, 1, 2].map((shardIndex) => transfer.nodeAt(shardIndex)))).map(({ log2 }) => log2);
  const samples = async (): Promise<number[]> => (await speedsOf(...nodes)).map((speed) => speed.samples);

  it('sending tells each node’s object its pace, once', async () => {
    const transfer = await uploaded();
    expect((await transfer.asOwner('POST', '/complete', { problems: [], paces })).status).toBe(200);
    await expect.poll(() => logs2(transfer)).toEqual([1, 0, -1]);
    await transfer.asOwner('POST', '/complete', { problems: [], paces: paces.map((pace) => ({ ...pace, ratio: 8 })) });
    expect(await logs2(transfer)).toEqual([1, 0, -1]);
  });
  it('downloading does so too, with the commit alone; a download that was given up says nothing', async () => {
    const transfer = await uploaded();
    await transfer.asOwner('POST', '/complete', { problems: [] });
    const released = await transfer.claim();
    await transfer.asRecipient('POST', '/release', { claimId: released.claimId, problems: [], paces });
    const { claimId } = await transfer.claim();
    expect((await transfer.asRecipient('POST', '/commit', { claimId, problems: [], paces })).status).toBe(200);
    await expect.poll(() => logs2(transfer)).toEqual([1, 0, -1]);
    await transfer.asRecipient('POST', '/commit', { claimId, problems: [], paces });
    expect(await samples()).toEqual([1, 1, 1]);
  });
  it('is heard once a day on a transfer, also by an object that has forgotten', async () => {
    const transfer = await uploaded();
    await transfer.asOwner('POST', '/complete', { problems: [] });
    for (let i = 0; i < 3; i++) {
      const { claimId } = await transfer.claim();
      await transfer.asRecipient('POST', '/commit', { claimId, problems: [], paces });
      await expect.poll(samples).toEqual([1, 1, 1]);
      if (i === 1) await evictDurableObject(transfer.stub);
    }
    expect(await samples()).toEqual([1, 1, 1]);
  });
  it('is not believed about paces that no honest client sends', async () => {
    const transfer = await uploaded();
    const wrong = [[{ shardIndex: 0, ratio: 9 }], [{ shardIndex: 0, ratio: 0 }], [{ shardIndex: 24, ratio: 1 }], [paces[0], paces[0]], [{ shardIndex: 0, ratio: null }], 'fast'];
    for (const sent of wrong) expect(await codeOf(await transfer.asOwner('POST', '/complete', { problems: [], paces: sent })), JSON.stringify(sent)).toBe('bad_request');
    expect(await samples()).toEqual([0, 0, 0]);
  });
});
