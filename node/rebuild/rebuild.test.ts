import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  asNodeId,
  decodeB64,
  encodeB64,
  encodeCommitted,
  encodeFrameHeader,
  encodeOpen,
  encodeReady,
  encodeReceipt,
  encodeStored,
  importVerifyingKey,
  parseClientMessage,
  receiptBytes,
  verifyBytes,
  type Rebuild,
  type RebuildReport,
  type ShardStatement,
} from '../../shared/protocol/index.ts';
import { jsonBytes, newTransferId } from '../testing/coordinator.ts';
import { RebuildStage, SEGMENTS, SETTING_MS, SHARD_BYTES, commitmentFor, corrupt, encodeTransfer, type CodedTransfer } from '../testing/rebuild-stage.ts';
import { codeOf, fetchFrames, makeShard } from '../testing/shards.ts';
import { StoreClient } from '../testing/store-client.ts';
import { serve, type TestServer } from '../testing/test-server.ts';

let scene: RebuildStage;
let silent: TestServer;
beforeAll(async () => {
  scene = await RebuildStage.set(400);
  silent = await serve(() => {});
}, SETTING_MS);
afterAll(async () => {
  silent.close();
  await scene.clear();
});

async function expectHeld(transfer: CodedTransfer, shardIndex: number): Promise<void> {
  const { url, nodeId } = scene.nodes[shardIndex]!;
  const frames = await fetchFrames(url, await scene.order(nodeId, 'fetch', transfer.transferId, shardIndex), 0, SEGMENTS - 1);
  for (const { segment, bytes } of frames) expect(Buffer.compare(bytes!, transfer.shards[segment]![shardIndex]!.bytes), `segment ${segment}`).toBe(0);
}

async function expectReceiptsHold(transfer: CodedTransfer, report: RebuildReport): Promise<void> {
  for (const { shardIndex, shardExpiresAtMs, storedAtMs, segments, signature } of report.receipts) {
    expect(shardExpiresAtMs).toBe(scene.shardExpiresAtMs);
    const nodeId = asNodeId(decodeB64(scene.nodes[shardIndex]!.nodeId));
    const shards = segments.map((segment) => transfer.shards[segment]![shardIndex]!);
    const statement = receiptBytes({ transferId: transfer.transferId, nodeId, shardIndex, shardExpiresAtMs, storedAtMs, shards });
    expect(await verifyBytes(await importVerifyingKey(nodeId), decodeB64(signature), statement)).toBe(true);
  }
}

describe('a rebuild', () => {
  it('passes a source that lies and one that is silent, and stores what is missing', async () => {
    const transfer = await encodeTransfer();
    await scene.place(transfer, [0, 1, 3]);
    await corrupt(scene.nodes[1]!, transfer.transferId, 2);
    await scene.place(transfer, [5]);
    const job = await scene.makeJob(transfer, {
      sources: [{ shardIndex: 0 }, { shardIndex: 1 }, { shardIndex: 2, url: silent.url }, { shardIndex: 3 }, { shardIndex: 5 }],
      targets: [2, 4],
    });
    expect((await scene.send(job, transfer)).status).toBe(202);
    const report = await scene.reportOf(job);
    expect(report.receipts.map(({ shardIndex, segments }) => [shardIndex, segments])).toEqual([
      [2, [0, 1, 2, 3, 4]],
      [4, [0, 1, 2, 3, 4]],
    ]);
    expect(report.problems.toSorted((a, b) => a.shardIndex - b.shardIndex)).toEqual([
      { shardIndex: 1, code: 'shard_mismatch' },
      { shardIndex: 2, code: 'node_slow' },
    ]);
    await expectReceiptsHold(transfer, report);
    await expectHeld(transfer, 2);
    await expectHeld(transfer, 4);

    // The coordinator asks once more, having lost the report: it is told again, and nothing is done again.
    expect((await scene.send(job, transfer)).status).toBe(202);
    expect(await scene.reportOf(job)).toEqual(report);
    const metrics = await (await fetch(`${scene.rebuilder.url}/metrics`)).text();
    expect(metrics).toContain('shardsend_node_rebuilds_total{outcome="partial"} 1\n');
  });

  it('passes a source that holds nothing, and tells its outcome until the coordinator listens', async () => {
    const transfer = await encodeTransfer();
    await scene.place(transfer, [0, 1, 2]);
    const job = await scene.makeJob(transfer, { sources: [5, 0, 1, 2].map((shardIndex) => ({ shardIndex })), targets: [3, 4, 5] });
    scene.stage.coordinator.refusals.push({ path: `/api/transfers/${job.transferId}/rebuilds`, status: 503, code: 'unavailable' });
    await scene.send(job, transfer);
    const first = await scene.reportOf(job);
    expect(await scene.reportOf(job)).toEqual(first);
    expect([first.receipts.length, first.problems]).toEqual([3, [{ shardIndex: 5, code: 'shard_absent' }]]);
    for (const shardIndex of [3, 4, 5]) await expectHeld(transfer, shardIndex);
  });

  it('says when too few shards are left, and stores the segments that can be rebuilt', async () => {
    const transfer = await encodeTransfer();
    await scene.place(transfer, [0, 1, 2]);
    await corrupt(scene.nodes[2]!, transfer.transferId, 3);
    const job = await scene.makeJob(transfer, { sources: [0, 1, 2].map((shardIndex) => ({ shardIndex })), targets: [4] });
    await scene.send(job, transfer);
    const report = await scene.reportOf(job);
    expect(report.receipts.map(({ segments }) => segments)).toEqual([[0, 1, 2]]);
    expect(report.problems).toEqual([
      { shardIndex: 2, code: 'shard_mismatch' },
      { shardIndex: 4, code: 'not_enough_shards' },
    ]);
  });

  it('stores nothing where the sender committed to roots that are no code word', async () => {
    const honest = await encodeTransfer();
    const transfer = { ...honest, shards: await Promise.all(honest.shards.map(async (row, segment) => row.with(5, await makeShard(segment, SHARD_BYTES)))) };
    await scene.place(transfer, [0, 1, 2]);
    const job = await scene.makeJob(transfer, { sources: [0, 1, 2].map((shardIndex) => ({ shardIndex })), targets: [5] });
    await scene.send(job, transfer);
    expect(await scene.reportOf(job)).toMatchObject({ receipts: [], problems: [{ shardIndex: 5, code: 'shard_mismatch' }] });
  });

  it('is refused when its order is for another body, and when it contradicts itself', async () => {
    const transfer = await encodeTransfer();
    const job = await scene.makeJob(transfer, { sources: [{ shardIndex: 0 }], targets: [4] });
    expect(await codeOf(await scene.send(job, transfer, jsonBytes({ ...job, requiredShards: 2 })))).toBe('order_action');
    const wrong: Partial<Rebuild>[] = [
      { requiredShards: 7 },
      { transferId: encodeB64(newTransferId()) },
      { segments: [job.segments[0]!, job.segments[0]!] },
      { segments: [{ ...job.segments[0]!, roots: encodeB64(new Uint8Array(32)) }] },
      { targets: [{ ...job.targets[0]!, segments: [99] }] },
      { sources: [job.sources[0]!, job.sources[0]!] },
    ];
    for (const change of wrong) expect(await codeOf(await scene.send({ ...job, ...change }, transfer)), Object.keys(change)[0]).toBe('bad_request');
  });
});

describe('a target that cheats', () => {
  it.each([
    ['by signing for what it was not sent', [...Array(1000).keys()]],
    ['by a receipt that nobody signed', [0, 1, 2, 3, 4]],
  ])('%s costs nobody else their receipts, and is named', async (_, segments) => {
    const liar = await lyingTarget(segments);
    const transfer = await encodeTransfer();
    await scene.place(transfer, [0, 1, 2]);
    const honest = await scene.makeJob(transfer, { sources: [0, 1, 2].map((shardIndex) => ({ shardIndex })), targets: [3, 4] });
    const job = { ...honest, targets: [{ ...honest.targets[0]!, url: liar.url }, honest.targets[1]!] };
    await scene.send(job, transfer);
    const report = await scene.reportOf(job);
    liar.server.close();
    expect(report.receipts.map(({ shardIndex, segments }) => [shardIndex, segments])).toEqual([[4, [0, 1, 2, 3, 4]]]);
    expect(report.problems).toEqual([{ shardIndex: 3, code: 'receipt_invalid' }]);
  });
});

/** Takes everything, and gives an unsigned receipt for these segments. */
async function lyingTarget(segments: readonly number[]): Promise<{ readonly url: string; readonly server: WebSocketServer }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket) => {
    let announced: number | null = null;
    socket.on('message', (data: Buffer) => {
      if (announced !== null) {
        socket.send(encodeStored(announced));
        announced = null;
        return;
      }
      const message = parseClientMessage(Uint8Array.from(data));
      if (message.type === 'committed') socket.send(encodeReady(4));
      if (message.type === 'shard') announced = message.segment;
      if (message.type === 'seal') socket.send(encodeReceipt(Date.now(), new Uint8Array(64), segments));
    });
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, server };
}

/** A source that is never silent and never done: a frame's header, and then a byte now and then. */
const tricklingSource = (header: Uint8Array): Promise<TestServer> =>
  serve((_, response) => {
    response.writeHead(200).write(header);
    const timer = setInterval(() => response.write(Uint8Array.of(0)), 50);
    response.on('close', () => clearInterval(timer));
  });

describe('a source that trickles', () => {
  it('holds up a job for a bounded time, and is passed', async () => {
    const transfer = await encodeTransfer();
    await scene.place(transfer, [0, 1, 2]);
    const trickling = await tricklingSource(encodeFrameHeader({ segment: 0, held: true, shardIndex: 3, shardBytes: SHARD_BYTES }));
    const job = await scene.makeJob(transfer, { sources: [{ shardIndex: 3, url: trickling.url }, { shardIndex: 0 }, { shardIndex: 1 }, { shardIndex: 2 }], targets: [5] });
    await scene.send(job, transfer);
    const report = await scene.reportOf(job);
    expect(report.receipts.map(({ shardIndex, segments }) => [shardIndex, segments])).toEqual([[5, [0, 1, 2, 3, 4]]]);
    expect(report.problems).toEqual([{ shardIndex: 3, code: 'node_slow' }]);
    trickling.close();
  });
});

describe('a seat that goes from one node to another', () => {
  it('is filled from who had it before, and from others where that one lacks a shard', async () => {
    const transfer = await encodeTransfer();
    await scene.place(transfer, [0, 1, 2, 3]);
    await corrupt(scene.nodes[3]!, transfer.transferId, 1);
    const job = await scene.makeJob(transfer, { sources: [3, 0, 1, 2].map((shardIndex) => ({ shardIndex })), targets: [] });
    const { nodeId, url } = scene.nodes[5]!;
    const successor = await scene.order(nodeId, 'store', transfer.transferId, 3, commitmentFor(transfer, 3));
    const moved = { ...job, targets: [{ shardIndex: 3, nodeId, url, order: encodeB64(successor), segments: job.segments.map(({ index }) => index) }] };
    await scene.send(moved, transfer);
    const report = await scene.reportOf(moved);
    expect(report.receipts.map(({ shardIndex, segments }) => [shardIndex, segments])).toEqual([[3, [0, 1, 2, 3, 4]]]);
    expect(report.problems).toEqual([{ shardIndex: 3, code: 'shard_mismatch' }]);
    const frames = await fetchFrames(url, await scene.order(nodeId, 'fetch', transfer.transferId, 3), 0, SEGMENTS - 1);
    for (const { segment, bytes } of frames) expect(Buffer.compare(bytes!, transfer.shards[segment]![3]!.bytes), `segment ${segment}`).toBe(0);
  });
});

describe('a rebuilder that cheats', () => {
  it('can store the committed shards alone', async () => {
    const transfer = await encodeTransfer();
    const node = scene.nodes[4]!;
    const committed = transfer.shards.map((row) => row[4]!);
    const client = await StoreClient.connect(node.url);
    client.send(encodeOpen(await scene.order(node.nodeId, 'store', transfer.transferId, 4, commitmentFor(transfer, 4))));
    client.send(encodeCommitted(committed));
    await client.expect('ready');
    const other = await makeShard(0, SHARD_BYTES);
    const refusals: [ShardStatement, Uint8Array, string][] = [
      [other, other.bytes, 'conflict'],
      [{ ...committed[0]!, segment: SEGMENTS }, committed[0]!.bytes, 'conflict'],
      [committed[1]!, other.bytes, 'shard_mismatch'],
    ];
    for (const [shard, bytes, code] of refusals) {
      client.sendShard(shard, bytes);
      expect((await client.expect('problem')).error.code).toBe(code);
    }
    await client.store(committed[0]!, committed[0]!.bytes);
    expect((await client.seal()).segments).toEqual([0]);
    await client.close();

    const lists: [Uint8Array, string][] = [
      [encodeCommitted([other]), 'conflict'],
      [Uint8Array.of(3), 'bad_request'],
    ];
    for (const [list, code] of lists) {
      const liar = await StoreClient.connect(node.url);
      liar.send(encodeOpen(await scene.order(node.nodeId, 'store', transfer.transferId, 4, commitmentFor(transfer, 4))));
      liar.send(list);
      expect((await liar.expect('problem')).error.code).toBe(code);
      await liar.closed();
    }
  });
});
