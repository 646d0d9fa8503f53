import { describe, expect, it } from 'vitest';
import { encodeB64, KEY_BYTES } from '../../protocol/bytes.ts';
import { ORDER_BYTES } from '../../protocol/order.ts';
import { webDeps, type ClientDeps } from '../deps.ts';
import { ShardStream } from './shard-stream.ts';

const KIB = 1024;
const seat = { shardIndex: 0, nodeId: encodeB64(new Uint8Array(KEY_BYTES)), url: 'http://node.test', order: encodeB64(new Uint8Array(ORDER_BYTES)) };
const answering = (response: Response): ClientDeps => ({ ...webDeps(), fetch: async () => response });
const open = (response: Response): Promise<ShardStream> => ShardStream.open(seat, { from: 0, to: 0 }, answering(response), new AbortController());

describe('a node that refuses', () => {
  it('is quoted', async () => {
    await expect(open(Response.json({ code: 'node_busy' }, { status: 503 }))).rejects.toMatchObject({ code: 'node_busy' });
  });

  it('and says anything else than a problem is unreachable', async () => {
    for (const body of [null, '', '<html>', '[]', '\uD800']) await expect(open(new Response(body, { status: 502 }))).rejects.toMatchObject({ code: 'node_unreachable' });
  });

  it('at endless length is listened to no longer than a problem can be', async () => {
    let sentBytes = 0;
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sentBytes += 64 * KIB;
        if (sentBytes > 16 * KIB * KIB) return controller.close();
        controller.enqueue(new Uint8Array(64 * KIB).fill(0x20));
      },
      cancel() {
        cancelled = true;
      },
    });
    await expect(open(new Response(body, { status: 500 }))).rejects.toMatchObject({ code: 'node_unreachable' });
    expect(sentBytes).toBeLessThan(KIB * KIB);
    expect(cancelled).toBe(true);
  });
});
