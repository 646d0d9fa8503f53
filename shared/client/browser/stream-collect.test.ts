import { afterEach, describe, expect, it } from 'vitest';
import { collectStream } from './stream-collect.ts';
import { StreamFeed } from './stream-feed.ts';
import type { StreamRequest } from './stream-protocol.ts';

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** A collector of so many bytes, and the feed that it hears. */
function collect(bytes: number): { readonly feed: StreamFeed; readonly saved: Blob[]; readonly answered: Promise<StreamRequest> } {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  const saved: Blob[] = [];
  const answered = new Promise<StreamRequest>((resolve) =>
    port2.addEventListener('message', ({ data }: MessageEvent<StreamRequest>) => {
      if (data === 'ended' || data === 'cancel') resolve(data);
    }),
  );
  const feed = new StreamFeed(port2, { onReady: () => expect.unreachable('no frame is wanted'), onCancel: () => undefined });
  collectStream(port1, { bytes, mime: 'text/plain' }, (file) => saved.push(file));
  return { feed, saved, answered };
}

describe('a download that is collected', () => {
  it('is saved once it is whole, however many chunks it has', async () => {
    const { feed, saved, answered } = collect(100);
    for (let i = 0; i < 100; i++) await feed.write(Uint8Array.of(i));
    await feed.end();
    expect(await answered).toBe('ended');
    expect(saved.map(({ type }) => type)).toEqual(['text/plain']);
    expect([...new Uint8Array(await saved[0]!.arrayBuffer())]).toEqual([...Array(100).keys()]);
  });

  it('is saved when it is empty', async () => {
    const { feed, saved, answered } = collect(0);
    await feed.end();
    expect(await answered).toBe('ended');
    expect(saved.map(({ size }) => size)).toEqual([0]);
  });

  it('is taken for saved when the browser says so, and not before', async () => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    const feed = new StreamFeed(port2, { onReady: () => undefined, onCancel: () => undefined });
    let isSaved = false;
    const ending = feed.end().then(() => (isSaved = true));
    const told = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
    expect(await told).toBe('end');
    expect(isSaved).toBe(false);
    port1.postMessage('ended');
    await ending;

    const lost = new StreamFeed(new MessageChannel().port1, { onReady: () => undefined, onCancel: () => undefined });
    const ended = lost.end();
    lost.fail();
    await expect(ended).rejects.toMatchObject({ code: 'cancelled' });
  });

  it.each([
    { how: 'fails', end: async (feed: StreamFeed) => feed.fail() },
    { how: 'ends too early', end: (feed: StreamFeed) => expect(feed.end()).rejects.toMatchObject({ code: 'cancelled' }) },
  ])('is not saved when it $how', async ({ end }) => {
    const { feed, saved, answered } = collect(2);
    await feed.write(Uint8Array.of(1));
    await end(feed);
    expect(await answered).toBe('cancel');
    expect(saved).toEqual([]);
  });
});
