import { describe, expect, it } from 'vitest';
import type { ManifestFile } from '../../protocol/manifest.ts';
import type { ReceiveSink } from '../deps.ts';
import { FileWriter } from './file-writer.ts';

const fileOf = (path: string, bytes: number): ManifestFile => ({ path, bytes, type: '', modifiedMs: null });

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
    const writer = new FileWriter([fileOf('a', 3), fileOf('b', 0), fileOf('c', 2)], sink);
    expect(await writer.write(new Uint8Array(4))).toBe(4);
    expect(await writer.write(new Uint8Array(4))).toBe(1);
    await writer.finish();
    expect(events).toEqual(['open a', 'write a 3', 'close a', 'open b', 'close b', 'open c', 'write c 1', 'write c 1', 'close c', 'finish']);
  });

  it('has its first file open before the first byte when it is started', async () => {
    const { sink, events } = recorder();
    await new FileWriter([fileOf('a', 0), fileOf('b', 2)], sink).start();
    expect(events).toEqual(['open a', 'close a', 'open b']);
  });

  it.each([
    { from: 2, expected: ['open a at 2'] },
    { from: 3, expected: ['open a at 3', 'close a', 'open b', 'close b', 'open c'] },
    { from: 4, expected: ['open a at 3', 'close a', 'open b', 'close b', 'open c at 1'] },
  ])('goes on behind $from bytes that are left over', async ({ from, expected }) => {
    const { sink, events } = recorder();
    const writer = new FileWriter([fileOf('a', 3), fileOf('b', 0), fileOf('c', 2)], sink);
    await writer.start(from);
    expect(events).toEqual(expected);
    expect(await writer.write(new Uint8Array(10))).toBe(5 - from);
    await writer.finish();
  });
});

describe('a writer that is aborted', () => {
  it('while a file takes bytes opens no other', async () => {
    let writer: FileWriter | null = null;
    const { sink, events } = recorder(async (event) => {
      if (event.startsWith('write')) await writer!.abort(new Error('stop'));
    });
    writer = new FileWriter([fileOf('a', 1), fileOf('b', 1)], sink);
    await expect(writer.write(new Uint8Array(2))).rejects.toMatchObject({ code: 'cancelled' });
    expect(events).toEqual(['open a', 'write a 1', 'abort a', 'abort']);
  });

  it('while a file is opened takes that back too', async () => {
    let writer: FileWriter | null = null;
    const { sink, events } = recorder(async (event) => {
      if (event === 'open a') await writer!.abort(new Error('stop'));
    });
    writer = new FileWriter([fileOf('a', 1)], sink);
    await expect(writer.start()).rejects.toMatchObject({ code: 'cancelled' });
    expect(events).toEqual(['open a', 'abort', 'abort a']);
    await expect(writer.finish()).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('tells the sink once', async () => {
    const { sink, events } = recorder();
    const writer = new FileWriter([fileOf('a', 1)], sink);
    await Promise.all([writer.abort(new Error('stop')), writer.abort(new Error('again'))]);
    expect(events).toEqual(['abort']);
  });
});
