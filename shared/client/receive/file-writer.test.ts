import { describe, expect, it } from 'vitest';
import type { ReceiveSink } from '../deps.ts';
import { FileWriter } from './file-writer.ts';
import { chooseFiles, type Choice } from './selection.ts';

/** Files by their size. */
const filesOf = (sizes: Record<string, number>, choice: Choice = null) =>
  chooseFiles(
    Object.entries(sizes).map(([path, bytes]) => ({ path, bytes, type: '', modifiedMs: null })),
    choice,
  );

/** A sink that writes down what happens to it, and waits where it is told to. */
function recorder(wait: (event: string) => Promise<void> = async () => undefined): { sink: ReceiveSink; events: string[] } {
  const events: string[] = [];
  const note = async (event: string): Promise<void> => {
    events.push(event);
    await wait(event);
  };
  const sink: ReceiveSink = {
    async openFile({ path }, _, offset) {
      await note(offset === 0 ? `open ${path}` : `open ${path} at ${offset}`);
      return { write: (chunk) => note(`write ${path} ${chunk.length}`), close: () => note(`close ${path}`), abort: () => note(`abort ${path}`) };
    },
    finish: () => note('finish'),
    abort: () => note('abort'),
  };
  return { sink, events };
}

describe('text that is cut into files', () => {
  it('opens each file when its first byte comes, makes empty ones in between, and drops padding', async () => {
    const { sink, events } = recorder();
    const writer = new FileWriter(filesOf({ a: 3, b: 0, c: 2 }), sink);
    expect(await writer.write(new Uint8Array(4), 0)).toBe(4);
    expect(await writer.write(new Uint8Array(4), 4)).toBe(1);
    await writer.finish();
    expect(events).toEqual(['open a', 'write a 3', 'close a', 'open b', 'close b', 'open c', 'write c 1', 'write c 1', 'close c', 'finish']);
  });

  it('has its first file open before the first byte when it is started', async () => {
    const { sink, events } = recorder();
    await new FileWriter(filesOf({ a: 0, b: 2 }), sink).start();
    expect(events).toEqual(['open a', 'close a', 'open b']);
  });

  it.each([
    { from: 2, expected: ['open a at 2'] },
    { from: 3, expected: ['open a at 3', 'close a', 'open b', 'close b', 'open c'] },
    { from: 4, expected: ['open a at 3', 'close a', 'open b', 'close b', 'open c at 1'] },
  ])('goes on behind $from bytes that are left over', async ({ from, expected }) => {
    const { sink, events } = recorder();
    const writer = new FileWriter(filesOf({ a: 3, b: 0, c: 2 }), sink);
    await writer.start(from);
    expect(events).toEqual(expected);
    expect(await writer.write(new Uint8Array(10), from)).toBe(5 - from);
    await writer.finish();
  });

  it('goes on with what is wanted of it, where some files were not', async () => {
    const { sink, events } = recorder();
    const writer = new FileWriter(filesOf({ a: 3, b: 4, c: 2 }, [0, 2]), sink);
    await writer.start(5);
    expect(await writer.write(new Uint8Array(4), 5)).toBe(2);
    await writer.finish();
    expect(events).toEqual(['open a at 3', 'close a', 'open c', 'write c 2', 'close c', 'finish']);
  });
});

describe('text of which some files are wanted', () => {
  const sizes = { a: 3, b: 0, c: 2, d: 4 };

  it('is dropped before, between and behind them, however it is cut', async () => {
    const text = Uint8Array.from({ length: 12 }, (_, i) => i);
    for (const pieceBytes of [1, 2, 3, 5, 12]) {
      const got: Record<string, number[]> = {};
      const sink: ReceiveSink = {
        openFile: async ({ path }) => ({
          write: async (chunk) => void (got[path] ??= []).push(...chunk),
          close: async () => void (got[path] ??= []),
          abort: async () => undefined,
        }),
      };
      const writer = new FileWriter(filesOf(sizes, [3, 1, 0]), sink);
      let written = 0;
      for (let at = 0; at < text.length; at += pieceBytes) written += await writer.write(text.slice(at, at + pieceBytes), at);
      await writer.finish();
      expect(written).toBe(7);
      expect(got).toEqual({ a: [0, 1, 2], b: [], d: [5, 6, 7, 8] });
    }
  });

  it('may leave out what none of them needs, and nothing else', async () => {
    const { sink, events } = recorder();
    await new FileWriter(filesOf(sizes, [3]), sink).write(new Uint8Array(7), 5);
    expect(events).toEqual(['open d', 'write d 4', 'close d']);
    await expect(new FileWriter(filesOf(sizes, [3]), sink).write(new Uint8Array(6), 6)).rejects.toThrow(RangeError);
  });
});

describe('a writer that is aborted', () => {
  it('while a file takes bytes opens no other', async () => {
    let writer: FileWriter | null = null;
    const { sink, events } = recorder(async (event) => {
      if (event.startsWith('write')) await writer!.abort(new Error('stop'));
    });
    writer = new FileWriter(filesOf({ a: 1, b: 1 }), sink);
    await expect(writer.write(new Uint8Array(2), 0)).rejects.toMatchObject({ code: 'cancelled' });
    expect(events).toEqual(['open a', 'write a 1', 'abort a', 'abort']);
  });

  it('while a file is opened takes that back too', async () => {
    let writer: FileWriter | null = null;
    const { sink, events } = recorder(async (event) => {
      if (event === 'open a') await writer!.abort(new Error('stop'));
    });
    writer = new FileWriter(filesOf({ a: 1 }), sink);
    await expect(writer.start()).rejects.toMatchObject({ code: 'cancelled' });
    expect(events).toEqual(['open a', 'abort', 'abort a']);
    await expect(writer.finish()).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('tells the sink once', async () => {
    const { sink, events } = recorder();
    const writer = new FileWriter(filesOf({ a: 1 }), sink);
    await Promise.all([writer.abort(new Error('stop')), writer.abort(new Error('again'))]);
    expect(events).toEqual(['abort']);
  });
});
