import { beforeEach, describe, expect, it } from 'vitest';
import { decodeB64, encodeB64 } from '../../shared/protocol/bytes.ts';
import { bucketDigest, bucketOf } from '../../shared/protocol/inventory.ts';
import { parseOrder } from '../../shared/protocol/order.ts';
import { clock } from '../clock.ts';
import { advance, randomId, startNetwork } from '../testing/test-network.ts';
import type { StandInTransfer } from '../testing/stand-in-transfers.ts';
import { EPOCH_MS, SHARD_BYTES, WatchedNode } from '../testing/watched-node.ts';
import { MAX_UNKNOWN } from './inventories.ts';

let watched: WatchedNode;
beforeEach(async () => {
  const [node] = await startNetwork(1);
  watched = new WatchedNode(node!);
});

/** What a node does once an epoch: digests, lists where they differ, deletion of what is surplus. @returns ids that it was told to delete. */
async function reconcile(listedAtMs = clock.nowMs()): Promise<string[]> {
  const { node } = watched;
  const object = await watched.object();
  const buckets = Array.from({ length: 16 }, (_, bucket) => encodeB64(bucketDigest(node.list(bucket))));
  const compared = await object.compareInventory({ buckets });
  if (!compared.ok) throw new Error(compared.code);
  const deleted: string[] = [];
  for (const bucket of compared.value) {
    const answer = await object.compareBucket({ nodeId: node.nodeId, atMs: listedAtMs }, bucket, { transfers: node.list(bucket) });
    if (!answer.ok) throw new Error(answer.code);
    for (const { transferId, order } of answer.value) {
      expect(parseOrder(decodeB64(order))).toMatchObject({ action: 'delete', transferId: decodeB64(transferId), nodeId: decodeB64(node.nodeId) });
      node.shards.delete(transferId);
      deleted.push(transferId);
    }
  }
  await watched.settle();
  return deleted;
}
const forget = (transfer: StandInTransfer & { readonly id: string }): boolean => watched.node.shards.delete(transfer.id);
const hour = () => watched.liveUntil(clock.nowMs() + EPOCH_MS / 2);

describe('an inventory', () => {
  it('that agrees asks for no list', async () => {
    await watched.hold(2);
    await watched.hold(3);
    const buckets = Array.from({ length: 16 }, (_, bucket) => encodeB64(bucketDigest(watched.node.list(bucket))));
    expect(await (await watched.object()).compareInventory({ buckets })).toEqual({ ok: true, value: [] });
  });
  it('leaves no garbage that never clears: what nobody knows is ordered away, however much there is, and no crowd that may stay hides it', async () => {
    const keeping = new Set<string>();
    for (let i = 0; i < 600; i++) {
      const id = idIn(3);
      const transfer = await watched.store(id, 0);
      watched.node.shards.set(id, new Map([[0, new Uint8Array(1)]]));
      transfer.isHeld = i % 3 > 0;
      if (transfer.isHeld) keeping.add(id);
    }
    for (let epoch = 0; epoch < 40 && watched.node.shards.size > keeping.size; epoch++) expect((await reconcile()).length).toBeLessThanOrEqual(MAX_UNKNOWN);
    expect(new Set(watched.node.shards.keys())).toEqual(keeping);
  });
  it('leaves an upload that is in progress alone, whether the object has heard of it or not', async () => {
    const unheard = randomId();
    await watched.store(unheard, 5);
    const heard = await watched.hold(2);
    heard.roots.set(2, await watched.node.keep(heard.id, 2, new Uint8Array(10)));
    expect(await reconcile()).toEqual([]);
    expect([...watched.node.shards.keys()].toSorted()).toEqual([unheard, heard.id].toSorted());
    expect(await watched.status()).toMatchObject({ integrity: 1 });
  });
  it('leaves what a transfer cannot be asked about for the next time', async () => {
    const id = randomId();
    const transfer = await watched.store(id, 1);
    transfer.isHeld = false;
    transfer.isBroken = true;
    expect(await reconcile()).toEqual([]);
    transfer.isBroken = false;
    expect(await reconcile()).toEqual([id]);
  });
  it('that lacks what the node signed for is a declared loss: its transfer is told, the node judged once', async () => {
    const [kept, lost] = [await watched.hold(6), await watched.hold(2)];
    await hour();
    forget(lost);
    await reconcile();
    expect(lost.lost).toEqual([0]);
    expect(kept.lost).toEqual([]);
    const { integrity, holdings } = await watched.status();
    expect(integrity).toBeLessThan(0.98);
    expect(holdings).toMatchObject({ transfers: 1, bytes: 6 * SHARD_BYTES });
    await reconcile();
    expect((await watched.status()).integrity).toBe(integrity);
    expect(lost.lost).toEqual([0]);
  });
  it('that lists fewer shards than were signed for tells how many are left', async () => {
    const held = await watched.hold(4);
    await watched.hold(20);
    await hour();
    watched.node.shards.get(held.id)!.delete(1);
    await reconcile();
    expect(held.lost).toEqual([3]);
    const { integrity } = await watched.status();
    expect(integrity).toBeLessThan(1);
    expect(integrity, 'one shard of 24').toBeGreaterThan(0.98);
  });
  it('takes no question back: what was asked before the node declared it lost stays asked', async () => {
    const [lost] = [await watched.hold(4), await watched.hold(12)];
    await hour();
    forget(lost);
    watched.node.auditMood = 'silent';
    await watched.epochs(1);
    const [asked] = watched.node.audits;
    const lacking = asked!.message.leaves.filter(({ transferId }) => transferId === lost.id).length;
    expect(lacking).toBeGreaterThan(0);
    await reconcile();
    // The transfer takes it back, as it does with whatever a node lost.
    await (await watched.object()).letGo(lost.id);
    watched.node.auditMood = 'right';
    await watched.epochs(1);
    expect(watched.node.audits[1]!.message).toEqual(asked!.message);
    expect((await watched.status()).wrongLeaves).toBe(lacking);
    await watched.epochs(1);
    expect(watched.node.audits[2]!.message.leaves.some(({ transferId }) => transferId === lost.id)).toBe(false);
  });
  it('that lacks what an audit found wrong tells no new loss: it is weighed once', async () => {
    const rotten = await watched.hold(1);
    await watched.hold(4);
    const shards = watched.node.shards.get(rotten.id)!;
    shards.set(
      0,
      shards.get(0)!.map((byte) => byte ^ 1),
    );
    await watched.epochs(1);
    const before = await watched.status();
    expect(before.wrongLeaves).toBeGreaterThan(0);
    shards.delete(0);
    await reconcile();
    expect(rotten.lost, 'it is rebuilt all the same').toEqual([0]);
    expect((await watched.status()).integrity).toBe(before.integrity);
    expect(await watched.status()).toMatchObject({ standing: before.standing, holdings: { transfers: 1 } });
  });
  it('that lacks more than audits met is weighed for the rest, also after the object was killed', async () => {
    const rotten = await watched.hold(3);
    await watched.hold(40);
    watched.node.shards.delete(rotten.id);
    await watched.epochs(1);
    for (let epoch = 0; epoch < 8 && (await watched.status()).wrongLeaves === 0; epoch++) await watched.epochs(1);
    const met = new Set(watched.node.audits.flatMap(({ message }) => message.leaves.filter(({ transferId }) => transferId === rotten.id).map(({ segment }) => segment)));
    const { b } = await watched.record();
    await watched.kill();
    await reconcile();
    // Of 43 shards as many as no audit met; declaring everything comes to 64 wrong leaves.
    const kept = 0.995 ** ((64 * (3 - met.size)) / 43);
    expect((await watched.record()).b).toBeCloseTo(b * kept + 200 * (1 - kept), 3);
  });
  it('that lacks again what was stored anew is a new loss', async () => {
    const held = await watched.hold(1);
    await watched.hold(4);
    watched.node.auditMood = 'wrong';
    await watched.epochs(1);
    watched.node.auditMood = 'right';
    const [shard] = [watched.node.shards.get(held.id)!.get(0)!];
    forget(held);
    await reconcile();
    const { b } = await watched.record();
    await watched.node.keep(held.id, 0, shard);
    await (await watched.object()).hold({ transferId: held.id, shardIndex: 3, runs: held.runs(SHARD_BYTES), expiresAtMs: clock.nowMs() + 30 * 24 * EPOCH_MS });
    await hour();
    forget(held);
    await reconcile();
    expect(held.lost).toEqual([0, 0]);
    expect((await watched.record()).b).toBeGreaterThan(b);
  });
  it('that crosses a deletion is no loss', async () => {
    const revoked = await watched.hold(4);
    await hour();
    forget(revoked);
    revoked.isHeld = false;
    await reconcile();
    expect(await watched.status()).toMatchObject({ integrity: 1, holdings: { transfers: 0 } });
    expect(revoked.lost).toEqual([]);
  });
  it('that was made before the coordinator knew, by any clock, is no loss', async () => {
    await hour();
    const listedAtMs = clock.nowMs();
    advance(60_000);
    const fresh = await watched.hold(4);
    forget(fresh);
    await reconcile(listedAtMs);
    await reconcile();
    expect(fresh.lost).toEqual([]);
    advance(10 * 60_000);
    await reconcile();
    expect(fresh.lost).toEqual([0]);
  });
  it('that leaves out what expires in minutes is no loss', async () => {
    const ending = await watched.hold(4, EPOCH_MS / 2 + 4 * 60_000);
    await hour();
    forget(ending);
    await reconcile();
    expect(ending.lost).toEqual([]);
    expect((await watched.status()).integrity).toBe(1);
  });
  it('with a loss survives the object: transfers that could not be told are told later, and all counts once', async () => {
    const lost = [];
    for (let i = 0; i < 50; i++) lost.push(await watched.hold(1));
    await watched.hold(450);
    await hour();
    for (const transfer of lost) forget(transfer);
    for (const transfer of lost.slice(0, 36)) transfer.isBroken = true;
    await reconcile();
    await watched.liveUntil(clock.nowMs() + 120_000);
    expect(
      lost.slice(36).every((transfer) => transfer.lost.length === 1),
      'those that cannot be told keep nobody waiting',
    ).toBe(true);
    expect((await watched.status()).integrity, 'not judged by a part').toBe(1);
    await watched.kill();
    for (const transfer of lost) transfer.isBroken = false;
    await watched.liveUntil(clock.nowMs() + 60_000);
    expect(lost.every((transfer) => transfer.lost.length === 1)).toBe(true);
    const { integrity } = await watched.status();
    // A tenth of 64 leaves, 6.4, over a memory of 200.
    expect(integrity).toBeGreaterThan(0.96);
    expect(integrity).toBeLessThan(0.98);
  });
  it('with transfers of another bucket, or of a node that nobody knows, is refused', async () => {
    const object = await watched.object();
    const by = { nodeId: watched.node.nodeId, atMs: clock.nowMs() };
    expect(await object.compareBucket(by, 3, { transfers: [{ transferId: idIn(4), shards: 1 }] })).toMatchObject({ ok: false, code: 'bad_request' });
  });
});

function idIn(bucket: number): string {
  for (;;) {
    const id = randomId();
    if (bucketOf(decodeB64(id)) === bucket) return id;
  }
}
