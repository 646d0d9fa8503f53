import { describe, expect, it } from 'vitest';
import { encodeB64, KEY_BYTES, SIGNATURE_BYTES } from '../../protocol/bytes.ts';
import { commitSegmentsSchema, createTransferSchema, parseMessage, type Placement, type Status } from '../../protocol/messages.ts';
import { ORDER_BYTES } from '../../protocol/order.ts';
import { encodeReady, encodeReceipt, encodeStored, parseClientMessage } from '../../protocol/store-messages.ts';
import { webDeps, type ClientDeps, type SocketLike, type SourceFile } from '../deps.ts';
import { sendTransfer } from './send.ts';

const NODES = 3;
const redundancy = { requiredShards: 2, totalShards: NODES };
const MIB = 2 ** 20;
const AWAY_MS = 2_000;

/** Acknowledges every shard at once and signs for what it acknowledged. */
class WillingNode implements SocketLike {
  binaryType = '';
  readonly bufferedAmount = 0;
  onopen: SocketLike['onopen'] = null;
  onmessage: SocketLike['onmessage'] = null;
  onclose: SocketLike['onclose'] = null;
  onerror: SocketLike['onerror'] = null;
  #announced: number | null = null;
  #stored: number[] = [];

  constructor() {
    queueMicrotask(() => this.onopen?.(undefined as never));
  }
  send(data: Uint8Array<ArrayBuffer>): void {
    if (this.#announced !== null) {
      this.#stored.push(this.#announced);
      this.#answer(encodeStored(this.#announced));
      this.#announced = null;
      return;
    }
    const message = parseClientMessage(data);
    if (message.type === 'open') this.#answer(encodeReady(4));
    if (message.type === 'shard') this.#announced = message.segment;
    if (message.type === 'seal') {
      const segments = this.#stored.toSorted((a, b) => a - b);
      this.#stored = [];
      this.#answer(encodeReceipt(Date.now(), new Uint8Array(SIGNATURE_BYTES), segments));
    }
  }
  close(): void {}
  #answer(message: Uint8Array<ArrayBuffer>): void {
    setImmediate(() => this.onmessage?.({ data: message.buffer }));
  }
}

const seats = Array.from({ length: NODES }, (_, shardIndex) => ({
  shardIndex,
  nodeId: encodeB64(new Uint8Array(KEY_BYTES).fill(shardIndex)),
  url: `http://node-${shardIndex}.test`,
  order: encodeB64(new Uint8Array(ORDER_BYTES)),
}));

/** Knows the forms of messages and nothing else. @param beforeCommit - runs before the first commit is answered. */
function coordinatorDeps(beforeCommit: () => Promise<void>): ClientDeps & { readonly longestReceipt: () => number } {
  let longest = 0;
  let first = true;
  let contentBytes = 0;
  const transferOf = (url: string): string => new URL(url).pathname.split('/')[3]!;
  const answer = async (url: string, init: RequestInit): Promise<unknown> => {
    const what = new URL(url).pathname.split('/')[4] ?? '';
    const expiresAtMs = Date.now() + 3600_000;
    if (what === '' && init.method === 'PUT') {
      ({ contentBytes } = parseMessage(createTransferSchema, JSON.parse(init.body as string)));
      return { transferId: transferOf(url), state: 'uploading', ...redundancy, safeShards: NODES, expiresAtMs, nodes: seats } satisfies Placement;
    }
    if (what === 'segments') {
      if (first) await beforeCommit();
      first = false;
      const { receipts, segments } = parseMessage(commitSegmentsSchema, JSON.parse(init.body as string));
      longest = Math.max(longest, ...receipts.map((receipt) => receipt.segments.length));
      return { committed: segments.length };
    }
    const downloads = { limit: null, committed: 0, claimed: 0 };
    const rest = { createdAtMs: 0, expiresAtMs, downloads, segments: { total: 1, committed: 1 }, survives: 1 };
    return { transferId: transferOf(url), state: 'ready', ...redundancy, contentBytes, ...rest } satisfies Status;
  };
  return {
    ...webDeps(),
    openSocket: () => new WillingNode(),
    fetch: async (url, init = {}) => Response.json(await answer(url, init)),
    longestReceipt: () => longest,
  };
}

/** A file of zeros. @param onRead - told when it was read to its end. */
function zeros(bytes: number, onRead: () => void): SourceFile {
  const chunk = new Uint8Array(MIB);
  const open = (offset: number): ReadableStream<Uint8Array> => {
    let left = bytes - offset;
    return new ReadableStream({
      pull(controller) {
        if (left > 0) controller.enqueue(chunk.subarray(0, Math.min(left, MIB)));
        else {
          onRead();
          controller.close();
        }
        left -= MIB;
      },
    });
  };
  return { path: 'zeros', bytes, type: '', modifiedMs: null, open };
}

describe('sending while the coordinator is away', () => {
  it('waits with new segments, so that no receipt covers more than the coordinator takes', async () => {
    let wasRead: () => void = () => undefined;
    const read = new Promise<void>((resolve) => (wasRead = resolve));
    const deps = coordinatorDeps(() => Promise.race([read, deps.delay(AWAY_MS)]));
    const bytes = 200 * MIB;
    const options = { coordinator: 'http://coordinator.test', expiresInSeconds: 3600, downloadLimit: null };
    const sent = await sendTransfer({ files: [zeros(bytes, wasRead)], options }, deps);
    expect(sent.bytes).toBe(bytes);
    expect(deps.longestReceipt()).toBeGreaterThan(7);
  });
});
