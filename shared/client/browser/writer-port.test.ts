import { afterEach, describe, expect, it } from 'vitest';
import { MemorySink, noise } from '../../../test/support/memory-files.ts';
import { SendError } from '../../protocol/errors.ts';
import type { ReceiveSink } from '../deps.ts';
import { gatherTransfer } from '../receive/receive.ts';
import { OpeningWriter, openingInputOf, type GatheredSegment, type SegmentWriter } from '../receive/segment-writer.ts';
import { MemoryTransfer } from '../testing/memory-transfer.ts';
import { RemoteWriter, serveWriter } from './writer-port.ts';

const content = (bytes: number): Uint8Array<ArrayBuffer> => new Uint8Array(noise(3, bytes));
const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** The two ends, as two threads would hold them. */
function remote({ transfer }: MemoryTransfer, sink: ReceiveSink, events: { onCancel?(): void; hear?(cancel: () => void): void } = {}): SegmentWriter {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  serveWriter(port2, (input, onCancel) => {
    events.hear?.(onCancel);
    return new OpeningWriter(input, sink);
  });
  return new RemoteWriter(port1, openingInputOf(transfer), events.onCancel ?? (() => undefined));
}

const failure = async (promise: Promise<unknown>): Promise<unknown> => promise.then(() => null).catch((error: unknown) => error);

describe('a writer behind a port', () => {
  it('writes what one on the same thread would', async () => {
    const bytes = content(7_000_000);
    const sent = await MemoryTransfer.seal([bytes, content(0)]);
    const sink = new MemorySink();
    await gatherTransfer(sent.transfer, remote(sent, sink), {}, sent.deps);
    expect(sink.files.get('file-0')!.equals(bytes)).toBe(true);
    expect(sink.files.get('file-1')!.length).toBe(0);
  });

  it('takes the memory of the shards, and gives it back', async () => {
    const sent = await MemoryTransfer.seal([content(10_000)]);
    const given: GatheredSegment[] = [];
    const writer = remote(sent, new MemorySink());
    const returned: number[] = [];
    const watched: SegmentWriter = {
      prepare: () => writer.prepare(),
      start: (claimId) => writer.start(claimId),
      async write(segment) {
        given.push(segment);
        const bytes = segment.dataShards.map(({ byteLength }) => byteLength);
        const written = writer.write(segment);
        expect(segment.dataShards.map(({ byteLength }) => byteLength)).toEqual(bytes.map(() => 0));
        const { rooms } = await written;
        expect(rooms.map(({ byteLength }) => byteLength)).toEqual(bytes);
        returned.push(rooms.length);
        return written;
      },
      finish: () => writer.finish(),
      handOver: () => writer.handOver(),
      abort: (reason) => writer.abort(reason),
    };
    await gatherTransfer(sent.transfer, watched, {}, sent.deps);
    expect(given).toHaveLength(1);
    expect(returned).toEqual([2]);
  });

  it('fails with the code that was met there', async () => {
    const sent = await MemoryTransfer.seal([content(10_000)]);
    const full = new MemorySink(() => Promise.reject(new SendError('disk_full')));
    expect(await failure(gatherTransfer(sent.transfer, remote(sent, full), {}, sent.deps))).toMatchObject({ code: 'disk_full' });
    const { salt, dataShards } = { salt: new Uint8Array(32), dataShards: [new ArrayBuffer(300_000), new ArrayBuffer(300_000)] };
    const writer = remote(sent, new MemorySink());
    await writer.prepare();
    await writer.start('claim');
    expect(await failure(writer.write({ index: 0, salt, dataShards }))).toMatchObject({ code: 'wrong_key' });
  });

  it('ends what waits in the sink when it is aborted', async () => {
    const sent = await MemoryTransfer.seal([content(10_000)]);
    const stop = new AbortController();
    let release: () => void = () => undefined;
    const sink = new MemorySink(() => {
      stop.abort();
      return new Promise<void>((resolve) => (release = resolve));
    });
    const waiting = Object.assign(sink, { abort: async () => release() });
    expect(await failure(gatherTransfer(sent.transfer, remote(sent, waiting), { signal: stop.signal }, sent.deps))).toMatchObject({ code: 'cancelled' });
    expect(sink.files.size).toBe(0);
    expect(sent.requests.at(-1)).toBe('POST /release');
  });

  it('says when the person stopped the download, although nothing is being written', async () => {
    const sent = await MemoryTransfer.seal([content(10_000)]);
    const cancelled = new Promise<void>((resolve) => {
      const writer = remote(sent, new MemorySink(), { onCancel: resolve, hear: (cancel) => cancel() });
      void writer.prepare();
    });
    await expect(cancelled).resolves.toBeUndefined();
  });

  it('can be aborted before it was started', async () => {
    const sent = await MemoryTransfer.seal([content(10_000)]);
    await expect(remote(sent, new MemorySink()).abort(new SendError('cancelled'))).resolves.toBeUndefined();
  });
});
