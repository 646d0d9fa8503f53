import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeOpen } from '../../shared/protocol/index.ts';
import { newTransferId } from '../testing/coordinator.ts';
import type { NodeProcess } from '../testing/node-process.ts';
import { makeShard } from '../testing/shards.ts';
import { Stage } from '../testing/stage.ts';
import { StoreClient } from '../testing/store-client.ts';
import { MAX_STORES, MAX_WAITING, MAX_WAITING_OF_ADDRESS, StorePlaces } from './store-places.ts';

describe('sockets without an order', () => {
  let stage: Stage;
  let node: NodeProcess;
  beforeAll(async () => {
    stage = await Stage.set();
    node = await stage.start();
  });
  afterAll(() => stage.clear());

  it('close the node to nobody who holds one, however many they are', async () => {
    const order = () => stage.coordinator.order(node.nodeId, { action: 'store', transferId: newTransferId() });
    const early = await StoreClient.open(node.url, await order());
    const idle: StoreClient[] = [];
    for (let i = 0; i < MAX_STORES + 10; i++) idle.push(await StoreClient.connect(node.url));
    const late = await StoreClient.open(node.url, await order());
    const shard = await makeShard(0, 1000);
    for (const client of [early, late]) await client.store(shard, shard.bytes);
    const first = await idle[0]!.next();
    expect(first?.type === 'problem' && first.error.code).toBe('node_busy');
    idle.at(-1)!.send(encodeOpen(await order()));
    await idle.at(-1)!.expect('ready');
    await Promise.all([early, late, ...idle].map((client) => client.close()));
  });
});

describe('places', () => {
  const enter = (places: StorePlaces, address: string, gone: string[], name = address) => places.enter(address, () => gone.push(name));

  it('are few for one address, many for this machine, and end with the oldest', () => {
    const gone: string[] = [];
    const places = new StorePlaces();
    for (let i = 0; i <= MAX_WAITING_OF_ADDRESS; i++) enter(places, '192.0.2.1', gone, `near ${i}`);
    for (const address of ['192.0.2.2', 'fe80::1%eth0', '']) enter(places, address, gone);
    expect(gone).toEqual(['near 0']);
    const own = ['127.0.0.1', '::1', '::ffff:127.0.0.1'];
    for (let i = MAX_WAITING_OF_ADDRESS + 3; i < MAX_WAITING; i++) enter(places, own[i % 3]!, gone);
    expect(gone).toEqual(['near 0']);
    enter(places, '2001:db8::1', gone);
    expect(gone).toEqual(['near 0', 'near 1']);
  });

  it('with an order give way to nobody, and leave room when they are left', () => {
    const gone: string[] = [];
    const places = new StorePlaces();
    const open = Array.from({ length: MAX_STORES }, (_, i) => {
      const place = enter(places, '192.0.2.1', gone, `open ${i}`);
      place.open();
      return place;
    });
    expect([places.full, gone]).toEqual([true, []]);
    const one = enter(places, '192.0.2.1', gone, 'one more');
    expect(() => one.open()).toThrow(expect.objectContaining({ code: 'node_busy' }));
    open[0]!.leave();
    one.open();
    open[1]!.refuse();
    for (let i = 0; i < MAX_WAITING_OF_ADDRESS; i++) enter(places, '192.0.2.1', gone, 'idle');
    expect([places.full, gone]).toEqual([false, ['open 1']]);
  });
});
