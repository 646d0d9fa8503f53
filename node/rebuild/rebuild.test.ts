import { hash, randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { WebSocketServer } from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ErasureCodec } from '../../shared/erasure/index.ts';
import { shardRoot } from '../../shared/merkle/index.ts';
import {
  asNodeId,
  asShardId,
  concatBytes,
  decodeB64,
  encodeB64,
  encodeCommitted,
  encodeFrameHeader,
  encodeHex,
  encodeOpen,
  encodeReady,
  encodeReceipt,
  encodeStatements,
  encodeStored,
  importVerifyingKey,
  parseClientMessage,
  parseMessage,
  rebuildReportSchema,
  receiptBytes,
  verifyBytes,
  type Order,
  type Rebuild,
  type RebuildReport,
  type ShardStatement,
  type TransferId,
} from '../../shared/protocol/index.ts';
import { SHARD_HEADER_BYTES } from '../store/shard-header.ts';
import { HOUR_MS, jsonBytes, newTransferId } from '../testing/coordinator.ts';
import type { NodeProcess } from '../testing/node-process.ts';
import { codeOf, fetchFrames, makeShard } from '../testing/shards.ts';
import { Stage } from '../testing/stage.ts';
import { StoreClient } from '../testing/store-client.ts';
import type { RunningNode } from '../storage-node.ts';

const REQUIRED = 3;
const TOTAL = 6;
const SEGMENTS = 5;
const SHARD_BYTES = 200_000;
const shardExpiresAtMs = Date.now() + HOUR_MS;

let stage: Stage;
/** Node i is the seat of shard i of every transfer. */
let nodes: NodeProcess[];
/** In this process, so that its patience is short. */
let rebuilder: RunningNode;
/** Accepts and never answers. */
let silent: Server;
beforeAll(async () => {
  stage = await Stage.set();
  nodes = await Promise.all(Array.from({ length: TOTAL }, () => stage.start()));
  rebuilder = await stage.run({ rebuildSilenceMs: 400 });
  silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  silent.closeAllConnections();
  silent.close();
  await stage.clear();
});

interface Coded {
  readonly transferId: TransferId;
  /** By segment, then by shard index. */
  readonly shards: readonly (readonly (ShardStatement & { bytes: Uint8Array<ArrayBuffer> })[])[];
}

async function encodeTransfer(): Promise<Coded> {
  const codec = await ErasureCodec.create({ requiredShards: REQUIRED, totalShards: TOTAL, maxShardBytes: SHARD_BYTES });
  const set = codec.slot(0);
  const shards: (ShardStatement & { bytes: Uint8Array<ArrayBuffer> })[][] = [];
  for (let segment = 0; segment < SEGMENTS; segment++) {
    for (let i = 0; i < REQUIRED; i++) set.shard(i, SHARD_BYTES).set(randomBytes(SHARD_BYTES));
    set.encode(SHARD_BYTES);
    const row = Array.from({ length: TOTAL }, async (_, i) => {
      const bytes = Uint8Array.from(set.shard(i, SHARD_BYTES));
      return { segment, shardBytes: SHARD_BYTES, root: asShardId(await shardRoot(bytes)), bytes };
    });
    shards.push(await Promise.all(row));
  }
  return { transferId: newTransferId(), shards };
}

const order = (nodeId: string, action: Order['action'], transferId: TransferId, shardIndex: number, commitment?: Uint8Array) =>
  stage.coordinator.order(nodeId, { action, transferId, shardIndex, shardExpiresAtMs, ...(commitment === undefined ? {} : { commitment }) });

async function place(transfer: Coded, holders: readonly number[]): Promise<void> {
  for (const i of holders) {
    const client = await StoreClient.open(nodes[i]!.url, await order(nodes[i]!.nodeId, 'store', transfer.transferId, i));
    for (const row of transfer.shards) await client.store(row[i]!, row[i]!.bytes);
    await client.seal();
    await client.close();
  }
}

const hashOf = (bytes: Uint8Array): Uint8Array => Uint8Array.from(hash('sha256', bytes, 'buffer'));
const commitmentFor = (transfer: Coded, shardIndex: number): Uint8Array => hashOf(encodeStatements(transfer.shards.map((row) => row[shardIndex]!)));

interface Places {
  readonly sources: readonly { shardIndex: number; url?: string }[];
  readonly targets: readonly number[];
}

async function makeJob(transfer: Coded, { sources, targets }: Places): Promise<Rebuild> {
  const { transferId } = transfer;
  const segments = transfer.shards.map((row, index) => ({ index, shardBytes: SHARD_BYTES, roots: encodeB64(concatBytes(...row.map(({ root }) => root))) }));
  const source = async ({ shardIndex, url }: Places['sources'][number]) => {
    const { nodeId, url: own } = nodes[shardIndex]!;
    return { shardIndex, nodeId, url: url ?? own, order: encodeB64(await order(nodeId, 'fetch', transferId, shardIndex)) };
  };
  const target = async (shardIndex: number) => {
    const { nodeId, url } = nodes[shardIndex]!;
    const bytes = await order(nodeId, 'store', transferId, shardIndex, commitmentFor(transfer, shardIndex));
    return { shardIndex, nodeId, url, order: encodeB64(bytes), segments: segments.map(({ index }) => index) };
  };
  return {
    jobId: encodeB64(randomBytes(16)),
    transferId: encodeB64(transferId),
    requiredShards: REQUIRED,
    totalShards: TOTAL,
    segments,
    sources: await Promise.all(sources.map(source)),
    targets: await Promise.all(targets.map(target)),
  };
}

async function send(job: Rebuild, transfer: Coded, body = jsonBytes(job)): Promise<Response> {
  const bytes = await order(rebuilder.nodeId, 'rebuild', transfer.transferId, 0, hashOf(jsonBytes(job)));
  return await fetch(`${rebuilder.url}/v1/rebuild`, { method: 'POST', body, headers: { Authorization: `Shardsend-Order ${encodeB64(bytes)}` } });
}

async function reportOf(job: Rebuild): Promise<RebuildReport> {
  const isIt = ({ path, body }: { path: string; body: unknown }) =>
    path === `/api/transfers/${job.transferId}/rebuilds` && typeof body === 'object' && body !== null && 'jobId' in body && body.jobId === job.jobId;
  return parseMessage(rebuildReportSchema, (await stage.coordinator.next(isIt)).body);
}

async function expectHeld(transfer: Coded, shardIndex: number): Promise<void> {
  const { url, nodeId } = nodes[shardIndex]!;
  const frames = await fetchFrames(url, await order(nodeId, 'fetch', transfer.transferId, shardIndex), 0, SEGMENTS - 1);
  for (const { segment, bytes } of frames) expect(Buffer.compare(bytes!, transfer.shards[segment]![shardIndex]!.bytes), `segment ${segment}`).toBe(0);
}

async function expectReceiptsHold(transfer: Coded, report: RebuildReport): Promise<void> {
  for (const { shardIndex, storedAtMs, segments, signature } of report.receipts) {
    const nodeId = asNodeId(decodeB64(nodes[shardIndex]!.nodeId));
    const shards = segments.map((segment) => transfer.shards[segment]![shardIndex]!);
    const statement = receiptBytes({ transferId: transfer.transferId, nodeId, shardIndex, shardExpiresAtMs, storedAtMs, shards });
    expect(await verifyBytes(await importVerifyingKey(nodeId), decodeB64(signature), statement)).toBe(true);
  }
}

/** Changes what a node holds below its header, so that it serves it in good faith. */
async function corrupt(node: NodeProcess, transferId: TransferId, segment: number): Promise<void> {
  const name = encodeHex(transferId);
  const file = await open(path.join(node.data, 'shards', name.slice(0, 2), name, `${segment}.shard`), 'r+');
  await file.write(Uint8Array.of(1, 2, 3, 4), 0, 4, SHARD_HEADER_BYTES + 1000);
  await file.close();
}

describe('a rebuild', () => {
  it('passes a source that lies and one that is silent, and stores what is missing', async () => {
    const transfer = await encodeTransfer();
    await place(transfer, [0, 1, 3]);
    await corrupt(nodes[1]!, transfer.transferId, 2);
    await place(transfer, [5]);
    const { port } = silent.address() as AddressInfo;
    const job = await makeJob(transfer, {
      sources: [{ shardIndex: 0 }, { shardIndex: 1 }, { shardIndex: 2, url: `http://127.0.0.1:${port}` }, { shardIndex: 3 }, { shardIndex: 5 }],
      targets: [2, 4],
    });
    expect((await send(job, transfer)).status).toBe(202);
    const report = await reportOf(job);
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
    expect((await send(job, transfer)).status).toBe(202);
    expect(await reportOf(job)).toEqual(report);
    const metrics = await (await fetch(`${rebuilder.url}/metrics`)).text();
    expect(metrics).toContain('shardsend_node_rebuilds_total{outcome="partial"} 1\n');
  });

  it('passes a source that holds nothing, and tells its outcome until the coordinator listens', async () => {
    const transfer = await encodeTransfer();
    await place(transfer, [0, 1, 2]);
    const job = await makeJob(transfer, { sources: [5, 0, 1, 2].map((shardIndex) => ({ shardIndex })), targets: [3, 4, 5] });
    stage.coordinator.refusals.push({ path: `/api/transfers/${job.transferId}/rebuilds`, status: 503, code: 'unavailable' });
    await send(job, transfer);
    const first = await reportOf(job);
    expect(await reportOf(job)).toEqual(first);
    expect([first.receipts.length, first.problems]).toEqual([3, [{ shardIndex: 5, code: 'shard_absent' }]]);
    for (const shardIndex of [3, 4, 5]) await expectHeld(transfer, shardIndex);
  });

  it('says when too few shards are left, and stores the segments that can be rebuilt', async () => {
    const transfer = await encodeTransfer();
    await place(transfer, [0, 1, 2]);
    await corrupt(nodes[2]!, transfer.transferId, 3);
    const job = await makeJob(transfer, { sources: [0, 1, 2].map((shardIndex) => ({ shardIndex })), targets: [4] });
    await send(job, transfer);
    const report = await reportOf(job);
    expect(report.receipts.map(({ segments }) => segments)).toEqual([[0, 1, 2]]);
    expect(report.problems).toEqual([
      { shardIndex: 2, code: 'shard_mismatch' },
      { shardIndex: 4, code: 'not_enough_shards' },
    ]);
  });

  it('stores nothing where the sender committed to roots that are no code word', async () => {
    const honest = await encodeTransfer();
    const transfer = { ...honest, shards: await Promise.all(honest.shards.map(async (row, segment) => row.with(5, await makeShard(segment, SHARD_BYTES)))) };
    await place(transfer, [0, 1, 2]);
    const job = await makeJob(transfer, { sources: [0, 1, 2].map((shardIndex) => ({ shardIndex })), targets: [5] });
    await send(job, transfer);
    expect(await reportOf(job)).toMatchObject({ receipts: [], problems: [{ shardIndex: 5, code: 'shard_mismatch' }] });
  });

  it('is refused when its order is for another body, and when it contradicts itself', async () => {
    const transfer = await encodeTransfer();
    const job = await makeJob(transfer, { sources: [{ shardIndex: 0 }], targets: [4] });
    expect(await codeOf(await send(job, transfer, jsonBytes({ ...job, requiredShards: 2 })))).toBe('order_action');
    const wrong: Partial<Rebuild>[] = [
      { requiredShards: 7 },
      { transferId: encodeB64(newTransferId()) },
      { segments: [job.segments[0]!, job.segments[0]!] },
      { segments: [{ ...job.segments[0]!, roots: encodeB64(new Uint8Array(32)) }] },
      { targets: [{ ...job.targets[0]!, segments: [99] }] },
      { sources: [job.sources[0]!, job.sources[0]!] },
    ];
    for (const change of wrong) expect(await codeOf(await send({ ...job, ...change }, transfer)), Object.keys(change)[0]).toBe('bad_request');
  });
});

describe('a target that cheats', () => {
  it('by signing for what it was not sent costs nobody else their receipts, and is named', async () => {
    const liar = await boastfulTarget();
    const transfer = await encodeTransfer();
    await place(transfer, [0, 1, 2]);
    const honest = await makeJob(transfer, { sources: [0, 1, 2].map((shardIndex) => ({ shardIndex })), targets: [3, 4] });
    const job = { ...honest, targets: [{ ...honest.targets[0]!, url: liar.url }, honest.targets[1]!] };
    await send(job, transfer);
    const report = await reportOf(job);
    liar.server.close();
    expect(report.receipts.map(({ shardIndex, segments }) => [shardIndex, segments])).toEqual([[4, [0, 1, 2, 3, 4]]]);
    expect(report.problems).toEqual([{ shardIndex: 3, code: 'receipt_invalid' }]);
  });
});

/** Takes everything, and gives receipts for more segments than any job has. */
async function boastfulTarget(): Promise<{ readonly url: string; readonly server: WebSocketServer }> {
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
      if (message.type === 'seal') socket.send(encodeReceipt(Date.now(), new Uint8Array(64), [...Array(1000).keys()]));
    });
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, server };
}

/** A source that is never silent and never done: a frame's header, and then a byte now and then. */
async function tricklingSource(header: Uint8Array): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((_, response) => {
    response.writeHead(200).write(header);
    const timer = setInterval(() => response.write(Uint8Array.of(0)), 50);
    response.on('close', () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe('a source that trickles', () => {
  it('holds up a job for a bounded time, and is passed', async () => {
    const transfer = await encodeTransfer();
    await place(transfer, [0, 1, 2]);
    const trickling = await tricklingSource(encodeFrameHeader({ segment: 0, held: true, shardIndex: 3, shardBytes: SHARD_BYTES }));
    const job = await makeJob(transfer, { sources: [{ shardIndex: 3, url: trickling.url }, { shardIndex: 0 }, { shardIndex: 1 }, { shardIndex: 2 }], targets: [5] });
    await send(job, transfer);
    const report = await reportOf(job);
    expect(report.receipts.map(({ shardIndex, segments }) => [shardIndex, segments])).toEqual([[5, [0, 1, 2, 3, 4]]]);
    expect(report.problems).toEqual([{ shardIndex: 3, code: 'node_slow' }]);
    trickling.close();
  });
});

describe('a visit', () => {
  it('names the sources that did not serve what they signed for, and stores nothing', async () => {
    const transfer = await encodeTransfer();
    await place(transfer, [0, 1, 2]);
    await corrupt(nodes[1]!, transfer.transferId, 3);
    const { port } = silent.address() as AddressInfo;
    const sources = [{ shardIndex: 0 }, { shardIndex: 1 }, { shardIndex: 3 }, { shardIndex: 2, url: `http://127.0.0.1:${port}` }];
    const job = await makeJob(transfer, { sources, targets: [] });
    expect((await send(job, transfer)).status).toBe(202);
    const { receipts, problems } = await reportOf(job);
    expect(receipts).toEqual([]);
    expect(problems).toEqual([
      { shardIndex: 1, code: 'shard_mismatch' },
      { shardIndex: 3, code: 'shard_absent' },
      { shardIndex: 2, code: 'node_slow' },
    ]);
  });
  it('of one shard of a node that serves names nobody', async () => {
    const transfer = await encodeTransfer();
    await place(transfer, [4]);
    const whole = await makeJob(transfer, { sources: [{ shardIndex: 4 }], targets: [] });
    const job = { ...whole, segments: [whole.segments[2]!] };
    await send(job, transfer);
    expect(await reportOf(job)).toEqual({ jobId: job.jobId, receipts: [], problems: [] });
  });
});

describe('a seat that goes from one node to another', () => {
  it('is filled from who had it before, and from others where that one lacks a shard', async () => {
    const transfer = await encodeTransfer();
    await place(transfer, [0, 1, 2, 3]);
    await corrupt(nodes[3]!, transfer.transferId, 1);
    const job = await makeJob(transfer, { sources: [3, 0, 1, 2].map((shardIndex) => ({ shardIndex })), targets: [] });
    const { nodeId, url } = nodes[5]!;
    const successor = await order(nodeId, 'store', transfer.transferId, 3, commitmentFor(transfer, 3));
    const moved = { ...job, targets: [{ shardIndex: 3, nodeId, url, order: encodeB64(successor), segments: job.segments.map(({ index }) => index) }] };
    await send(moved, transfer);
    const report = await reportOf(moved);
    expect(report.receipts.map(({ shardIndex, segments }) => [shardIndex, segments])).toEqual([[3, [0, 1, 2, 3, 4]]]);
    expect(report.problems).toEqual([{ shardIndex: 3, code: 'shard_mismatch' }]);
    const frames = await fetchFrames(url, await order(nodeId, 'fetch', transfer.transferId, 3), 0, SEGMENTS - 1);
    for (const { segment, bytes } of frames) expect(Buffer.compare(bytes!, transfer.shards[segment]![3]!.bytes), `segment ${segment}`).toBe(0);
  });
});

describe('a rebuilder that cheats', () => {
  it('can store the committed shards alone', async () => {
    const transfer = await encodeTransfer();
    const node = nodes[4]!;
    const committed = transfer.shards.map((row) => row[4]!);
    const client = await StoreClient.connect(node.url);
    client.send(encodeOpen(await order(node.nodeId, 'store', transfer.transferId, 4, commitmentFor(transfer, 4))));
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
      liar.send(encodeOpen(await order(node.nodeId, 'store', transfer.transferId, 4, commitmentFor(transfer, 4))));
      liar.send(list);
      expect((await liar.expect('problem')).error.code).toBe(code);
      await liar.closed();
    }
  });
});
