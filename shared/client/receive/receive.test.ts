import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemorySink, noise } from '../../../test/support/memory-files.ts';
import { deriveSegmentKey, sealRecord } from '../../crypto/index.ts';
import { asContentSecret, KEY_BYTES } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import { FRAME_HEADER_BYTES } from '../../protocol/fetch-frames.ts';
import { TransferLayout } from '../../protocol/layout.ts';
import { TAG_SIZE_BYTES } from '../../protocol/limits.ts';
import { abortableDelay, type FileSink, type Leftover, type ReceiveSink } from '../deps.ts';
import { MemoryTransfer } from '../testing/memory-transfer.ts';
import type { Progress } from '../types.ts';
import { gatherTransfer, receiveTransfer } from './receive.ts';
import type { GatheredSegment, SegmentWriter, WrittenSegment } from './segment-writer.ts';

/** Of 2 of 3: two rows of two records a shard. */
const SEGMENT_BYTES = 2 * 4 * 262_128;
const content = (bytes: number): Uint8Array<ArrayBuffer> => new Uint8Array(noise(bytes % 251, bytes));
const received = (sink: MemorySink, name = 'file-0'): Buffer => sink.files.get(name)!;

/** Writes down which segments it is given. */
class ListeningWriter implements SegmentWriter {
  readonly indexes: number[] = [];
  readonly claims: string[] = [];
  readonly #leftover: Leftover | null;
  constructor(leftover: Leftover | null = null) {
    this.#leftover = leftover;
  }
  async prepare(): Promise<Leftover | null> {
    return this.#leftover;
  }
  async start(claimId: string): Promise<void> {
    this.claims.push(claimId);
  }
  async write({ index, dataShards }: GatheredSegment): Promise<WrittenSegment> {
    this.indexes.push(index);
    return { rooms: dataShards, doneBytes: 0 };
  }
  async finish(): Promise<void> {}
  async handOver(): Promise<void> {}
  async abort(): Promise<void> {}
}

/** Begins with the text of so many segments. */
class KeepingSink implements ReceiveSink {
  readonly parts: Buffer[][] = [];
  readonly #leftover: Leftover;
  readonly #contents: readonly Uint8Array[];
  constructor(contents: readonly Uint8Array[], segments: number, claimId: string) {
    this.#contents = contents;
    this.#leftover = { segments, claimId };
  }
  async leftover(): Promise<Leftover> {
    return this.#leftover;
  }
  async openFile(_: unknown, index: number, offset: number): Promise<FileSink> {
    const parts = [Buffer.from(this.#contents[index]!.subarray(0, offset))];
    this.parts[index] = parts;
    return { write: async (chunk) => void parts.push(Buffer.from(chunk)), close: async () => undefined, abort: async () => undefined };
  }
}

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

  it('tells what came while the next is long in coming', async () => {
    const sent = await MemoryTransfer.seal([content(3 * SEGMENT_BYTES)]);
    let nowMs = sent.deps.now();
    Object.assign(sent.deps, {
      now: () => nowMs,
      async delay(ms: number, signal?: AbortSignal) {
        await abortableDelay(0, signal);
        if (ms > 100) nowMs += ms; // nodes are so fast that gathering takes no time
      },
    });
    const told = Promise.withResolvers<void>();
    const writer = new ListeningWriter();
    writer.write = async ({ index, dataShards }) => {
      if (index >= 2) await told.promise;
      return { rooms: dataShards, doneBytes: (index + 1) * SEGMENT_BYTES };
    };
    const paces: number[] = [];
    const onProgress = ({ doneBytes, bytesPerSecond }: Progress): void => {
      if (doneBytes === 2 * SEGMENT_BYTES) paces.push(bytesPerSecond);
      if (paces.length === 20) told.resolve();
    };
    await gatherTransfer(sent.transfer, writer, { onProgress }, sent.deps);
    expect(paces.at(-1), 'what stands still has no pace').toBe(0);
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

  it('takes nothing that another holder of the link sealed, although it opens', async () => {
    const bytes = content(50_000);
    const sent = await MemoryTransfer.seal([bytes]);
    const { recordBytes, recordCount } = new TransferLayout(sent.transfer.status.contentBytes, sent.transfer.status.requiredShards).segment(0);
    const key = deriveSegmentKey(sent.transfer.contentSecret, new Uint8Array(KEY_BYTES).fill(1), 0);
    const forged = await sealRecord(key, 0, recordCount === 1, new Uint8Array(recordBytes - TAG_SIZE_BYTES).fill(9));
    sent.nodes.set(0, (body) => {
      const wrong = body.slice();
      wrong.set(forged, FRAME_HEADER_BYTES);
      return wrong;
    });
    const sink = new MemorySink();
    const { problems } = await receiveTransfer(sent.transfer, sink, {}, sent.deps);
    expect(received(sink).equals(bytes)).toBe(true);
    expect(problems).toMatchObject([{ shardIndex: 0, code: 'shard_mismatch' }]);
  });

  it('finds out who lies although its shard stands in for another, wherever the wrong byte stands', async () => {
    const bytes = content(3 * SEGMENT_BYTES - 1_000_000);
    const sent = await MemoryTransfer.seal([bytes]);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(0, 1), fc.constantFrom(0, 1, 2), fc.nat(1_048_575), async (silent, segment, at) => {
        // Data shard `silent` cannot be had at first, so parity stands in for it, and the parity is wrong.
        sent.nodes.clear();
        let asked = 0;
        sent.nodes.set(silent, (body) => (asked++ === 0 ? body.slice(0, 100) : body));
        sent.nodes.set(2, (body) =>
          body.map((byte, i) => (i === segment * (1_048_576 + FRAME_HEADER_BYTES) + FRAME_HEADER_BYTES + Math.min(at, segment === 2 ? 500_000 : at) ? byte ^ 255 : byte)),
        );
        const sink = new MemorySink();
        const { problems } = await receiveTransfer(sent.transfer, sink, {}, sent.deps);
        expect(received(sink).equals(bytes)).toBe(true);
        expect(problems.filter(({ code }) => code === 'shard_mismatch').map(({ shardIndex }) => shardIndex)).toEqual([2]);
      }),
      { numRuns: 10 },
    );
  });

  it('blames nobody where every shard is the one that was committed, and saves nothing', async () => {
    const sent = await MemoryTransfer.seal([content(100_000)]);
    const other = new Uint8Array(32).fill(9);
    const transfer = { ...sent.transfer, contentSecret: asContentSecret(other) };
    const sink = new MemorySink();
    await expect(receiveTransfer(transfer, sink, {}, sent.deps)).rejects.toMatchObject({ code: 'wrong_key' });
    expect(sink.files.size).toBe(0);
  });

  it.each([
    {
      choice: [0, 2, 3],
      fetched: [0, 2, 3],
    },
    { choice: [1, 2], fetched: [1, 2] },
  ])('fetches the segments of the files that are chosen, and checks the whole table first: $fetched', async ({ choice, fetched }) => {
    const sent = await MemoryTransfer.seal(Array.from({ length: 4 }, () => content(SEGMENT_BYTES)));
    const listening = new ListeningWriter();
    await gatherTransfer(sent.transfer, listening, { choice }, sent.deps);
    expect(listening.indexes).toEqual(fetched);
    const forged = { ...sent.transfer, manifest: { ...sent.transfer.manifest, segmentsDigest: new Uint8Array(32) } };
    const writer = new ListeningWriter();
    await expect(gatherTransfer(forged, writer, { choice }, sent.deps)).rejects.toMatchObject({ code: 'manifest_damaged' });
    expect(writer.indexes).toEqual(fetched.slice(0, -1));
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

describe('a download that goes on', () => {
  const claimId = 'AAAAAAAAAAAAAAAAAAAAAA';

  it('fetches what is missing under the claim that it has', async () => {
    const sent = await MemoryTransfer.seal([content(3 * SEGMENT_BYTES)]);
    const writer = new ListeningWriter({ segments: 2, claimId });
    await gatherTransfer(sent.transfer, writer, {}, sent.deps);
    expect(writer.indexes).toEqual(Array.from({ length: sent.transfer.manifest.segmentCount - 2 }, (_, i) => i + 2));
    expect(writer.claims).toEqual([claimId]);
  });

  it('takes a new claim where the old one is over', async () => {
    const sent = await MemoryTransfer.seal([content(SEGMENT_BYTES)]);
    sent.refusals.set('claim', 'claim_lapsed');
    sent.onRequest = () => {
      if (sent.requests.filter((request) => request === 'POST /claim').length > 1) sent.refusals.clear();
    };
    const writer = new ListeningWriter({ segments: 0, claimId });
    await gatherTransfer(sent.transfer, writer, {}, sent.deps);
    expect(writer.claims).toHaveLength(1);
    expect(writer.claims).not.toContain(claimId);
  });

  it('checks the segment table although nothing is missing', async () => {
    const sent = await MemoryTransfer.seal([content(2 * SEGMENT_BYTES)]);
    const forged = { ...sent.transfer, manifest: { ...sent.transfer.manifest, segmentsDigest: new Uint8Array(32) } };
    await gatherTransfer(sent.transfer, new ListeningWriter({ segments: 2, claimId }), {}, sent.deps);
    await expect(gatherTransfer(forged, new ListeningWriter({ segments: 2, claimId }), {}, sent.deps)).rejects.toMatchObject({ code: 'manifest_damaged' });
  });

  it('is what was sent, wherever the first try ended', async () => {
    const contents = [content(SEGMENT_BYTES - 5), content(0), content(SEGMENT_BYTES + 12_345)];
    const sent = await MemoryTransfer.seal(contents);
    for (const segments of [1, 2]) {
      const sink = new KeepingSink(contents, segments, claimId);
      await receiveTransfer(sent.transfer, sink, {}, sent.deps);
      for (const [i, bytes] of contents.entries()) expect(Buffer.concat(sink.parts[i]!).equals(bytes)).toBe(true);
    }
  });

  it('keeps its claim while it is paused, and says so', async () => {
    const sent = await MemoryTransfer.seal([content(2 * SEGMENT_BYTES)]);
    const stop = new AbortController();
    const sink = new MemorySink(async () => stop.abort(new SendError('paused')));
    await expect(receiveTransfer(sent.transfer, sink, { signal: stop.signal }, sent.deps)).rejects.toMatchObject({ code: 'paused' });
    expect(sent.requests).not.toContain('POST /release');
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
