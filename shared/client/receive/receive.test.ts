import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemorySink, noise } from '../../../test/support/memory-files.ts';
import { SendError } from '../../protocol/errors.ts';
import type { ReceiveSink } from '../deps.ts';
import { MemoryTransfer } from '../testing/memory-transfer.ts';
import { receiveTransfer } from './receive.ts';

/** Of 2 of 3: two rows of two records a shard. */
const SEGMENT_BYTES = 2 * 4 * 262_128;
const content = (bytes: number): Uint8Array<ArrayBuffer> => new Uint8Array(noise(bytes % 251, bytes));
const received = (sink: MemorySink, name = 'file-0'): Buffer => sink.files.get(name)!;

describe('a download', () => {
  it.each(['bytes', 'chunks'] as const)('is what was sent, over several segments and files, from bodies that come as %s', async (chunking) => {
    const contents = [content(SEGMENT_BYTES + 12_345), content(0), content(2 * SEGMENT_BYTES), content(0)];
    const sent = await MemoryTransfer.seal(contents);
    sent.chunking = chunking;
    const sink = new MemorySink();
    const result = await receiveTransfer(sent.transfer, sink, {}, sent.deps);
    for (const [i, bytes] of contents.entries()) expect(received(sink, `file-${i}`).equals(bytes)).toBe(true);
    expect(result.problems).toEqual([]);
    expect(sent.requests.at(-1)).toBe('POST /commit');
  });

  it('is the same, however bodies are cut', async () => {
    const sent = await MemoryTransfer.seal([content(50_000)]);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30_000 }), fc.constantFrom('bytes' as const, 'chunks' as const), async (chunkBytes, chunking) => {
        Object.assign(sent, { chunkBytes, chunking });
        const sink = new MemorySink();
        await receiveTransfer(sent.transfer, sink, {}, sent.deps);
        expect(received(sink).equals(content(50_000))).toBe(true);
      }),
      { numRuns: 15 },
    );
  });

  it.each([0, 1])('rebuilds what a node that lies in shard %i should have given, and names it', async (shardIndex) => {
    const bytes = content(3 * SEGMENT_BYTES - 1_000_000);
    const sent = await MemoryTransfer.seal([bytes]);
    sent.nodes.set(shardIndex, (body) => body.map((byte, at) => (at === 1_500_000 ? byte ^ 1 : byte)));
    const sink = new MemorySink();
    const { problems } = await receiveTransfer(sent.transfer, sink, {}, sent.deps);
    expect(received(sink).equals(bytes)).toBe(true);
    expect(problems.map(({ shardIndex, code }) => ({ shardIndex, code }))).toEqual([{ shardIndex, code: 'shard_mismatch' }]);
  });

  it('fails with what is missing, tells the sink, and gives its place back', async () => {
    const sent = await MemoryTransfer.seal([content(100_000)]);
    for (const shardIndex of [0, 1]) sent.nodes.set(shardIndex, (body) => body.slice(0, 1000));
    let reason: unknown;
    const sink: ReceiveSink = Object.assign(new MemorySink(), { abort: async (why: unknown) => void (reason = why) });
    await expect(receiveTransfer(sent.transfer, sink, {}, sent.deps)).rejects.toMatchObject({ code: 'not_enough_shards' });
    expect(reason).toMatchObject({ code: 'not_enough_shards' });
    expect(sent.requests.at(-1)).toBe('POST /release');
  });

  it.each(['not_found', 'internal'] as const)('is done once every byte is verified, although its commit ends with %s', async (code) => {
    const sent = await MemoryTransfer.seal([content(10_000)]);
    sent.refusals.set('commit', code);
    const sink = new MemorySink();
    expect(await receiveTransfer(sent.transfer, sink, {}, sent.deps)).toEqual({ bytes: 10_000, problems: [] });
    expect(received(sink).equals(content(10_000))).toBe(true);
    expect(sent.requests).not.toContain('POST /release');
  });

  it.each(['claim_lapsed', 'transfer_revoked', 'transfer_used_up'] as const)('fails where its commit will never count: %s', async (code) => {
    const sent = await MemoryTransfer.seal([content(10_000)]);
    sent.refusals.set('commit', code);
    await expect(receiveTransfer(sent.transfer, new MemorySink(), {}, sent.deps)).rejects.toMatchObject({ code });
  });

  it('asks for its commit again while the coordinator is away', async () => {
    const sent = await MemoryTransfer.seal([content(10_000)]);
    sent.refusals.set('commit', 'unavailable');
    await receiveTransfer(sent.transfer, new MemorySink(), {}, sent.deps);
    expect(sent.requests.filter((request) => request === 'POST /commit').length).toBeGreaterThan(10);
  });
});

describe('a download of some files', () => {
  /** Segments 0 to 5: `file-0` in 0 and 1, `file-1` in 1 to 3, `file-2` empty, `file-3` in 3 to 5. */
  const contents = [content(SEGMENT_BYTES + 5), content(2 * SEGMENT_BYTES), content(0), content(2 * SEGMENT_BYTES + 9)];

  it.each([
    { choice: [0], spans: [[0, 1]] },
    { choice: [1, 2], spans: [[1, 3]] },
    {
      choice: [3, 0],
      spans: [
        [0, 1],
        [3, 5],
      ],
    },
    { choice: [2], spans: [] },
  ])('$choice asks nodes for the segments that hold them, and for no other', async ({ choice, spans }) => {
    const sent = await MemoryTransfer.seal(contents);
    const sink = new MemorySink();
    const seen: number[] = [];
    const { bytes } = await receiveTransfer(sent.transfer, sink, { choice, onProgress: ({ totalBytes }) => seen.push(totalBytes) }, sent.deps);
    expect(bytes).toBe(choice.reduce((sum, i) => sum + contents[i]!.length, 0));
    expect(new Set(seen)).toEqual(new Set(seen.length > 0 ? [bytes] : []));
    expect([...sink.files.keys()]).toEqual(choice.toSorted((a, b) => a - b).map((i) => `file-${i}`));
    for (const i of choice) expect(received(sink, `file-${i}`).equals(contents[i]!)).toBe(true);
    const runs = (node: number): number[][] => sent.asked.filter(({ shardIndex }) => shardIndex === node).map(({ from, to }) => [from, to]);
    expect([0, 1, 2].map(runs)).toEqual([spans, spans, []]);
    expect(sent.requests.at(-1)).toBe('POST /commit');
  });

  it('asks for the orders of a further run of segments with one request', async () => {
    const sent = await MemoryTransfer.seal(contents);
    await receiveTransfer(sent.transfer, new MemorySink(), { choice: [0, 3] }, sent.deps);
    expect(sent.requests.filter((request) => request === 'POST /fetch-orders')).toHaveLength(1);
  });

  it('is held against the whole table: a salt that was changed behind the last segment used lets no file through', async () => {
    const sent = await MemoryTransfer.seal(contents);
    sent.changedSalt = 5;
    const sink = new MemorySink();
    await expect(receiveTransfer(sent.transfer, sink, { choice: [0] }, sent.deps)).rejects.toMatchObject({ code: 'manifest_damaged' });
    expect(sink.files.size).toBe(0);
    expect(sent.requests.at(-1)).toBe('POST /release');
  });
});

describe('a download that is cancelled', () => {
  it('ends although the sink takes nothing, and gives its place back', async () => {
    const sent = await MemoryTransfer.seal([content(2 * SEGMENT_BYTES)]);
    const stop = new AbortController();
    let release: () => void = () => undefined;
    const sink = Object.assign(
      new MemorySink(() => {
        stop.abort();
        return new Promise<void>((resolve) => (release = resolve));
      }),
      { abort: async () => release() },
    );
    await expect(receiveTransfer(sent.transfer, sink, { signal: stop.signal }, sent.deps)).rejects.toMatchObject({ code: 'cancelled' });
    expect(sent.requests.at(-1)).toBe('POST /release');
    expect(sink.files.size).toBe(0);
  });

  it('while its commit is repeated is done all the same', async () => {
    const sent = await MemoryTransfer.seal([content(10_000)]);
    sent.refusals.set('commit', 'unavailable');
    const stop = new AbortController();
    sent.onRequest = (request) => {
      if (request === 'POST /commit') stop.abort();
    };
    await expect(receiveTransfer(sent.transfer, new MemorySink(), { signal: stop.signal }, sent.deps)).resolves.toMatchObject({ bytes: 10_000 });
    expect(sent.requests.at(-1)).toBe('POST /commit');
  });

  it('by the sink fails with what the sink says', async () => {
    const sent = await MemoryTransfer.seal([content(10_000)]);
    const sink = new MemorySink(() => Promise.reject(new SendError('disk_full')));
    await expect(receiveTransfer(sent.transfer, sink, {}, sent.deps)).rejects.toMatchObject({ code: 'disk_full' });
    expect(sent.requests).not.toContain('POST /commit');
  });
});
