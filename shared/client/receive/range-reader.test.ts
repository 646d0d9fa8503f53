import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noise } from '../../../test/support/memory-files.ts';
import { MemoryTransfer } from '../testing/memory-transfer.ts';
import { RangeReader } from './range-reader.ts';

/** Of 2 of 3: two rows of two records a shard. */
const SEGMENT_BYTES = 2 * 4 * 262_128;
const content = (bytes: number): Uint8Array<ArrayBuffer> => new Uint8Array(noise(bytes % 251, bytes));
const contents = [content(SEGMENT_BYTES + 5), content(3 * SEGMENT_BYTES + 77), content(0), content(1000)];

async function bytesOf(reader: RangeReader, file: number, from: number, to: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of reader.read(file, from, to)) parts.push(part);
  return Buffer.concat(parts);
}

describe('a part of a file', () => {
  it('is what stands there, wherever it begins and ends', async () => {
    const sent = await MemoryTransfer.seal(contents);
    const reader = await RangeReader.open(sent.transfer, sent.deps);
    const ranges = fc.nat(contents.length - 1).chain((file) => fc.tuple(fc.constant(file), fc.nat(contents[file]!.length), fc.nat(contents[file]!.length)));
    await fc.assert(
      fc.asyncProperty(ranges, async ([file, a, b]) => {
        const [from, to] = a < b ? [a, b] : [b, a];
        expect((await bytesOf(reader, file, from, to)).equals(contents[file]!.subarray(from, to))).toBe(true);
      }),
      { numRuns: 40 },
    );
    await expect(bytesOf(reader, 3, 0, 1001)).rejects.toThrow(RangeError);
  });

  it('asks nodes for the segments that it lies in, once, and for no other', async () => {
    const sent = await MemoryTransfer.seal(contents);
    const reader = await RangeReader.open(sent.transfer, sent.deps);
    for (let i = 0; i < 3; i++) await bytesOf(reader, 1, 2 * SEGMENT_BYTES, 2 * SEGMENT_BYTES + 10);
    expect(sent.asked.map(({ from, to }) => [from, to])).toEqual([
      [3, 3],
      [3, 3],
    ]);
  });

  it('comes from other nodes where one lies', async () => {
    const sent = await MemoryTransfer.seal(contents);
    sent.nodes.set(0, (body) => body.map((byte, at) => (at === 300_000 ? byte ^ 1 : byte)));
    const reader = await RangeReader.open(sent.transfer, sent.deps);
    expect((await bytesOf(reader, 0, 0, 1_000_000)).equals(contents[0]!.subarray(0, 1_000_000))).toBe(true);
  });

  it('that cannot be had now is asked for again at the next try', async () => {
    const sent = await MemoryTransfer.seal(contents);
    for (const node of [0, 1]) sent.nodes.set(node, () => new Uint8Array(0));
    const reader = await RangeReader.open(sent.transfer, sent.deps);
    await expect(bytesOf(reader, 3, 0, 10)).rejects.toMatchObject({ code: 'not_enough_shards' });
    sent.nodes.clear();
    expect((await bytesOf(reader, 3, 0, 10)).equals(contents[3]!.subarray(0, 10))).toBe(true);
  });
});

describe('reading parts', () => {
  it('costs no download: its claim is given back', async () => {
    const sent = await MemoryTransfer.seal(contents);
    const reader = await RangeReader.open(sent.transfer, sent.deps);
    await bytesOf(reader, 3, 0, 10);
    await reader.close();
    expect(sent.requests).toContain('POST /claim');
    expect(sent.requests.at(-1)).toBe('POST /release');
    expect(sent.requests).not.toContain('POST /commit');
    await expect(bytesOf(reader, 0, 0, 10)).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('is not begun where downloads are counted', async () => {
    const sent = await MemoryTransfer.seal(contents);
    const { status } = sent.transfer;
    const counted = { ...sent.transfer, status: { ...status, downloads: { ...status.downloads, limit: 3 } } };
    await expect(RangeReader.open(counted, sent.deps)).rejects.toThrow(RangeError);
    expect(sent.requests).toEqual([]);
  });

  it('is held against the whole table first', async () => {
    const sent = await MemoryTransfer.seal(contents);
    sent.changedSalt = 4;
    await expect(RangeReader.open(sent.transfer, sent.deps)).rejects.toMatchObject({ code: 'manifest_damaged' });
    expect(sent.asked).toEqual([]);
    expect(sent.requests.at(-1)).toBe('POST /release');
  });
});
