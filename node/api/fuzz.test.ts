import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ORDER_BYTES, encodeB64, encodeCommitted, encodeOpen, encodeSeal, encodeShardHeader } from '../../shared/protocol/index.ts';
import { auditOrder, postAudit } from '../testing/audits.ts';
import { jsonBytes, newTransferId } from '../testing/coordinator.ts';
import type { NodeProcess } from '../testing/node-process.ts';
import { makeShard } from '../testing/shards.ts';
import { Stage } from '../testing/stage.ts';
import { StoreClient } from '../testing/store-client.ts';

let stage: Stage;
let node: NodeProcess;
beforeAll(async () => {
  stage = await Stage.set();
  node = await stage.start();
});
afterAll(() => stage.clear());

/** The process that was started is the one that answers. */
async function expectAlive(): Promise<void> {
  process.kill(node.pid, 0);
  expect((await node.health()).nodeId).toBe(node.nodeId);
}

const random = fc.uint8Array({ maxLength: 2000 }).map((bytes) => Uint8Array.from(bytes));

describe('a store socket', () => {
  it('survives any messages in any order, before and after a good order', async () => {
    const shard = await makeShard(0, 3000);
    const proper = [encodeShardHeader(shard), shard.bytes, encodeSeal(), encodeOpen(new Uint8Array(ORDER_BYTES)), encodeCommitted([shard])].map((bytes) => Uint8Array.from(bytes));
    const mutated = fc.tuple(fc.constantFrom(...proper), fc.nat(), fc.nat(255)).map(([bytes, at, value]) => bytes.with(at % bytes.length, value));
    const cut = fc.tuple(fc.constantFrom(...proper), fc.nat()).map(([bytes, at]) => bytes.slice(0, at % (bytes.length + 1)));
    const large = fc.constantFrom(655_361, 655_362, 1_048_576, 1_048_577, 3_000_000).map((size) => new Uint8Array(size).fill(4));
    const message = fc.oneof(random, fc.constantFrom(...proper), mutated, cut, { arbitrary: large, weight: 1 }, fc.string());
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(message, { maxLength: 12 }), fc.boolean(), async (opened, messages, abrupt) => {
        const client = await StoreClient.connect(node.url);
        if (opened) client.send(encodeOpen(await stage.coordinator.order(node.nodeId, { action: 'store', transferId: newTransferId() })));
        for (const one of messages) if (client.socket.readyState === client.socket.OPEN) client.socket.send(one);
        if (abrupt) client.socket.terminate();
        else client.socket.close();
        await client.closed();
      }),
      { numRuns: 60 },
    );
    await expectAlive();
  });
});

describe('the HTTP door', () => {
  it('answers any path, method and header with a status and no crash', async () => {
    const path = fc.oneof(
      fc.constantFrom('/v1/shards?from=0&to=0', '/v1/shards', '/v1/rebuild', '/v1/audit', '/v1/health?challenge=%', '/metrics', '/v1/store', '//', '/%2e%2e'),
      fc.webPath(),
    );
    const order = fc.uint8Array({ minLength: ORDER_BYTES, maxLength: ORDER_BYTES }).map((bytes) => `Shardsend-Order ${encodeB64(bytes)}`);
    const authorization = fc.oneof(
      order,
      fc.base64String().map((text) => `Shardsend-Order ${text}`),
      fc.constant('Basic x'),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'HEAD', 'OPTIONS'), path, authorization, random, async (method, path, authorization, body) => {
        const init = method === 'GET' || method === 'HEAD' ? {} : { body };
        const response = await fetch(node.url + path, { method, headers: { Authorization: authorization }, ...init });
        await response.arrayBuffer();
        expect(response.status).not.toBe(500);
      }),
      { numRuns: 150 },
    );
    await expectAlive();
  });

  it('answers an audit of anything with proofs or a refusal', async () => {
    const leaf = fc.record({ transferId: fc.oneof(fc.constant(encodeB64(newTransferId())), fc.string()), segment: fc.oneof(fc.nat(), fc.double()), leaf: fc.integer() });
    const shaped = fc.record({ epoch: fc.oneof(fc.nat(), fc.string()), leaves: fc.array(leaf, { maxLength: 70 }) }, { requiredKeys: [] });
    const body = fc.oneof(
      shaped.map((value) => jsonBytes(value)),
      fc.jsonValue().map((value) => jsonBytes(value)),
      random,
    );
    await fc.assert(
      fc.asyncProperty(body, async (bytes) => {
        const response = await postAudit(node.url, await auditOrder(stage.coordinator, node.nodeId, bytes), bytes);
        await response.arrayBuffer();
        expect([200, 400]).toContain(response.status);
      }),
      { numRuns: 100 },
    );
    await expectAlive();
  });

  it('survives bytes that are no HTTP, and upgrades that are none', async () => {
    const { port, hostname } = new URL(node.url);
    const starts = [
      'GET /v1/store HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      'GET /other HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
      'GET /v1/store HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
      'POST /v1/rebuild HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{',
      '',
    ];
    for (let run = 0; run < 40; run++) {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.write(starts[run % starts.length]!);
      socket.end(randomBytes(1 + run * 50));
      socket.resume();
      if (run % 3 === 0) socket.destroy();
      await once(socket, 'close');
    }
    await expectAlive();
  });
});
