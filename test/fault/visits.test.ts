/** A node that serves visitors and refuses people would pass every visit: the two must ask in the same words. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { RebuildStage, SEGMENTS, encodeTransfer } from '../../node/testing/rebuild-stage.ts';
import { ShardStream } from '../../shared/client/receive/shard-stream.ts';

let scene: RebuildStage;
beforeAll(async () => {
  scene = await RebuildStage.set(400, 1);
});
afterAll(() => scene.clear());

/** Notes the head of each request as it came over the line, and refuses it. */
async function eavesdrop(): Promise<{ readonly url: string; readonly heads: string[]; close(): void }> {
  const heads: string[] = [];
  const server = createServer((socket) => {
    let head = '';
    socket.on('error', () => socket.destroy());
    socket.on('data', (part: Buffer) => {
      head += part.toString('latin1');
      if (!head.endsWith('\r\n\r\n')) return;
      heads.push(head);
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 20\r\n\r\n{"code":"node_busy"}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, heads, close: () => void server.close() };
}

test("a visitor's request is byte for byte that of the command", async () => {
  const node = await eavesdrop();
  const transfer = await encodeTransfer();
  const whole = await scene.makeJob(transfer, { sources: [{ shardIndex: 0, url: node.url }], targets: [] });
  const job = { ...whole, segments: whole.segments.slice(1, 2) };
  await scene.send(job, transfer);
  expect((await scene.reportOf(job)).problems).toEqual([{ shardIndex: 0, code: 'node_busy' }]);
  const opening = ShardStream.open(job.sources[0]!, { from: 1, to: SEGMENTS - 1 }, nodeDeps(), new AbortController());
  await expect(opening).rejects.toMatchObject({ code: 'node_busy' });
  expect(node.heads.length).toBe(2);
  expect(node.heads[0]).toContain(`GET /v1/shards?from=1&to=${SEGMENTS - 1} HTTP/1.1`);
  expect(node.heads[0]).toBe(node.heads[1]);
  node.close();
});
