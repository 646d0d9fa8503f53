import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseNodeMessage } from '../../shared/protocol/index.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { RebuildStage, SETTING_MS, encodeTransfer } from '../testing/rebuild-stage.ts';

const SILENCE_MS = 15_000;
/** The rebuilder's and the coordinator's. The other nodes have the real one, so that every test starts anew beside it. */
let clock: ManualClock;
let scene: RebuildStage;
beforeEach(async () => {
  clock = new ManualClock();
  scene = await RebuildStage.set(SILENCE_MS, 4, { clock });
}, SETTING_MS);
afterEach(() => scene.clear());

/** Stands before a node, and lets almost a whole silence pass before each acknowledgement. */
async function slowTarget(nodeUrl: string): Promise<{ readonly url: string; close(): void }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (client) => {
    const node = new WebSocket(`${nodeUrl.replace(/^http/, 'ws')}/v1/store`);
    const opened = new Promise((resolve) => node.once('open', resolve));
    client.on('message', (data: Buffer) => void opened.then(() => node.send(data)));
    client.on('close', () => node.close());
    let heard: () => void = () => {};
    client.on('pong', () => heard());
    client.on('close', () => heard());
    let passing = Promise.resolve();
    node.on('message', (data: Buffer) => {
      passing = passing.then(async () => {
        if (client.readyState !== WebSocket.OPEN) return;
        if (parseNodeMessage(Uint8Array.from(data)).type === 'stored') clock.advance(SILENCE_MS - 100);
        client.send(data);
        // Its pong says that the rebuilder has heard: no second passes behind its back.
        client.ping();
        await new Promise<void>((resolve) => {
          heard = resolve;
        });
      });
    });
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

describe('a rebuild whose target takes almost a silence for each shard', () => {
  it('ends within its lease with receipts for what was stored, and leaves the rest to the next job', async () => {
    const transfer = await encodeTransfer(64, 1000);
    await scene.place(transfer, [0, 1, 2]);
    const slow = await slowTarget(scene.nodes[3]!.url);
    const honest = await scene.makeJob(transfer, { sources: [0, 1, 2].map((shardIndex) => ({ shardIndex })), targets: [3] }, { leaseMs: 8 * 60_000 });
    const job = { ...honest, targets: [{ ...honest.targets[0]!, url: slow.url }] };
    const startedAtMs = clock.nowMs();
    await scene.send(job, transfer);
    const { receipts, problems } = await scene.reportOf(job);
    expect(clock.nowMs() - startedAtMs).toBeLessThan(job.leaseMs);
    expect(problems).toEqual([]);
    const [receipt, ...others] = receipts;
    expect(others).toEqual([]);
    expect(receipt!.segments).toEqual([...receipt!.segments.keys()]);
    expect(receipt!.segments.length).toBeGreaterThan(25);
    expect(receipt!.segments.length).toBeLessThan(32); // so many silences are in its lease
    slow.close();
  });

  it('is not begun when its lease ran out while it waited', async () => {
    const transfer = await encodeTransfer(1, 1000);
    await scene.place(transfer, [0, 1, 2]);
    const slow = await slowTarget(scene.nodes[3]!.url);
    const places = { sources: [0, 1, 2].map((shardIndex) => ({ shardIndex })), targets: [3] };
    const first = await scene.makeJob(transfer, places);
    const late = await scene.makeJob(transfer, places, { leaseMs: 20_000 });
    const third = await scene.makeJob(transfer, places);
    await scene.send({ ...first, targets: [{ ...first.targets[0]!, url: slow.url }] }, transfer);
    for (const job of [late, third]) await scene.send(job, transfer);
    await scene.reportOf(third);
    const metrics = await (await fetch(`${scene.rebuilder.url}/metrics`)).text();
    expect(metrics).toContain('rebuilds_total{outcome="lapsed"} 1\n');
    slow.close();
  });
});
