/** Nodes that lie, hang, drip, break off, answer nonsense or redirect, met while sending and while receiving. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { sendTransfer, type ClientDeps, type NodeProblem, type SourceFile } from '../../shared/client/index.ts';
import { encodeB64, parseLink } from '../../shared/protocol/index.ts';
import type { BadMode } from '../support/bad-node.ts';
import { FaultNetwork } from '../support/fault-network.ts';
import { hurried, memoryFile, MemorySink, noise, receive, send } from '../support/memory-files.ts';
import { untilHardened } from '../support/network.ts';

let network: FaultNetwork;
const deps = nodeDeps();
beforeAll(async () => {
  network = await FaultNetwork.start({ nodes: 24, proxies: 24 });
});
afterAll(() => network?.stop());
afterEach(() => network.heal());

interface SeatLike {
  readonly shardIndex: number;
  readonly url: string;
}

/** Tells who the nodes are before the client meets them. */
function whenSeated(method: 'PUT' | 'POST', endOfPath: RegExp, onSeats: (seats: readonly SeatLike[]) => void): ClientDeps {
  return {
    ...deps,
    async fetch(input, init) {
      const response = await deps.fetch(input, init);
      if (init?.method === method && endOfPath.test(input) && response.ok) onSeats(((await response.clone().json()) as { nodes: SeatLike[] }).nodes);
      return response;
    },
  };
}
const PLACEMENT = ['PUT', /\/api\/transfers\/[\w-]{22}$/] as const;
const CLAIM = ['POST', /\/claim$/] as const;

/** @returns who was turned bad. */
function turnBad(seats: readonly SeatLike[], shardIndexes: readonly number[], mode: BadMode): string[] {
  const urls = seats.filter(({ shardIndex }) => shardIndexes.includes(shardIndex)).map(({ url }) => url);
  for (const url of urls) network.nodeAt(url).proxy!.mode = mode;
  return urls;
}

const onDisks = async (transferId: string): Promise<string[]> => (await Promise.all(network.nodes.map((node) => node.shardFiles(transferId)))).flat();
const reported = (problems: readonly NodeProblem[]): string[] => [...new Set(problems.map(({ url }) => url))].toSorted();
const fourteen = Array.from({ length: 14 }, (_, i) => i);
const codesOf = (problems: readonly NodeProblem[], urls: readonly string[]): string[] =>
  [...new Set(problems.filter(({ url }) => urls.includes(url)).map(({ code }) => code))].toSorted();

/** Sends while the nodes at these shard indexes misbehave, and receives when they are honest again. */
async function sendPast(mode: BadMode, bytes: Uint8Array, shardIndexes: readonly number[] = [0, 1, 2]): Promise<{ bad: string[]; problems: readonly NodeProblem[]; back: Buffer }> {
  let bad: string[] = [];
  const watching = whenSeated(...PLACEMENT, (seats) => (bad = turnBad(seats, shardIndexes, mode)));
  const { link, problems } = await send(network.origin, [memoryFile('file.bin', bytes)], watching);
  await network.heal();
  return { bad, problems, back: (await receive(link, deps)).files.get('file.bin')! };
}

/** @param times - how much faster than ours the client's clock runs. */
async function receivePast(
  mode: BadMode,
  link: string,
  shardIndexes: readonly number[] = [0, 1, 2],
  times = 1,
): Promise<{ bad: string[]; problems: readonly NodeProblem[]; back: Buffer }> {
  let bad: string[] = [];
  const watching = whenSeated(...CLAIM, (seats) => (bad = turnBad(seats, shardIndexes, mode)));
  const { problems, files } = await receive(link, hurried(watching, times));
  return { bad, problems, back: files.get('file.bin')! };
}

describe('an upload goes around three nodes', () => {
  const small = noise(1, 300_000);
  /** Three segments: a node that was not asked for the first, since others opened before it, is asked for the next. */
  const some = noise(7, 3 * 10_485_120);
  test.each<[BadMode, string, string]>([
    ['refuse', 'that close every connection', 'node_unreachable'],
    ['cut', 'that break off in the middle', 'node_unreachable'],
    ['garbage', 'that answer what is no HTTP', 'node_unreachable'],
    ['endless', 'that answer without end', 'node_unreachable'],
    ['garbage-after-ready', 'that say READY, then garbage, in one packet', 'bad_request'],
    ['endless-ready', 'that say READY without end', 'bad_request'],
    ['stored-unsent', 'that acknowledge what was never sent', 'bad_request'],
    ['no-stored', 'that never acknowledge', 'node_slow'],
    ['forged-receipt', 'that sign receipts wrongly', 'receipt_invalid'],
    ['empty-receipt', 'that sign receipts for nothing', 'receipt_invalid'],
    ['vanish-at-seal', 'that go when they are asked for a receipt', 'node_unreachable'],
    ['no-receipt', 'that never give a receipt', 'node_slow'],
  ])('%s: %s', async (mode, _, code) => {
    const { bad, problems, back } = await sendPast(mode, some);
    expect(back.equals(some)).toBe(true);
    expect(bad).toHaveLength(3);
    expect(reported(problems)).toEqual(expect.arrayContaining(bad));
    expect(codesOf(problems, bad)).toContain(code);
  });

  // These are known for what they are only after the client's patience; the upload does not wait for that.
  test.each<[BadMode, string]>([
    ['hang', 'that accept and fall silent'],
    ['no-ready', 'that never say READY'],
    ['drip', 'that answer a byte a second'],
  ])('%s: %s', async (mode) => {
    const { bad, back } = await sendPast(mode, small);
    expect(bad).toHaveLength(3);
    expect(back.equals(small)).toBe(true);
  });

  test('redirect: nobody follows', async () => {
    let followed = 0;
    const elsewhere = createServer((_, response) => {
      followed++;
      response.end();
    }).listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    for (const { proxy } of network.nodes) proxy!.redirectTo = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/v1/store`;
    const { bad, problems, back } = await sendPast('redirect', some);
    expect(back.equals(some)).toBe(true);
    expect(reported(problems)).toEqual(expect.arrayContaining(bad));
    expect(followed).toBe(0);
    elsewhere.close();
  });

  test('and around ten, as many as the upload can do without', async () => {
    const { bad, problems, back } = await sendPast('hang', small, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(bad).toHaveLength(10);
    expect(back.equals(small)).toBe(true);
    expect(problems.every(({ url }) => bad.includes(url))).toBe(true);
  });

  test('that fall silent while many segments are on their way', async () => {
    const large = noise(2, 11 * 10_485_120);
    let bad: string[] = [];
    let seats: readonly SeatLike[] = [];
    const watching = whenSeated(...PLACEMENT, (all) => (seats = all));
    const file = memoryFile('file.bin', large, async (offset, chunk) => {
      if (bad.length === 0 && offset > 35_000_000) bad = turnBad(seats, [0, 1, 2], 'hang');
      return chunk;
    });
    const { link, problems } = await send(network.origin, [file], watching);
    expect(reported(problems)).toEqual(expect.arrayContaining(bad));
    await network.heal();
    expect((await receive(link, deps)).files.get('file.bin')!.equals(large)).toBe(true);
  });
});

test('acknowledgements that come when their segments are long committed do no harm', async () => {
  const large = noise(5, 12 * 10_485_120);
  let bad: string[] = [];
  const watching = whenSeated(...PLACEMENT, (seats) => (bad = turnBad(seats, [0, 1, 2], 'late-stored')));
  const { link, problems } = await send(network.origin, [memoryFile('file.bin', large)], watching);
  expect(codesOf(problems, bad)).toContain('node_slow');
  expect((await receive(link, deps)).files.get('file.bin')!.equals(large)).toBe(true);
});

test('a file that cannot be read on, while no node has acknowledged what was sent of it, ends the transfer', async () => {
  const watching = whenSeated(...PLACEMENT, (seats) =>
    turnBad(
      seats,
      seats.map(({ shardIndex }) => shardIndex),
      'no-stored',
    ),
  );
  let id = '';
  const file = memoryFile('file.bin', noise(8, 3 * 10_485_120), async (offset, chunk) => {
    if (offset < 15_000_000) return chunk;
    await vi.waitUntil(async () => (await onDisks(id)).length >= 14, { timeout: 30_000, interval: 20 });
    throw new Error('gone');
  });
  const sending = sendTransfer(
    { files: [file], options: { coordinator: network.origin, expiresInSeconds: 3600, downloadLimit: null }, onLink: (begun) => void (id = begun.transferId) },
    watching,
  );
  await expect(sending).rejects.toMatchObject({ code: 'file_unreadable' });
});

test('a transfer that is withdrawn while it is sent ends with that, not with blame for nodes', async () => {
  let [id, token] = ['', ''];
  let withdrawn = false;
  const file = memoryFile('file.bin', noise(6, 12 * 10_485_120), async (offset, chunk) => {
    if (offset > 30_000_000 && !withdrawn) {
      withdrawn = true;
      await fetch(`${network.origin}/api/transfers/${id}`, { method: 'DELETE', headers: { Authorization: `Shardsend-Owner ${token}` } });
      for (const { proxy } of network.nodes) proxy!.cutAll();
    }
    return chunk;
  });
  const options = { coordinator: network.origin, expiresInSeconds: 3600, downloadLimit: null };
  const sending = sendTransfer({ files: [file], options, onLink: (begun) => void ([id, token] = [begun.transferId, begun.ownerToken]) }, deps);
  await expect(sending).rejects.toMatchObject({ code: 'transfer_revoked' });
});

describe('nodes that go between acknowledgement and receipt (docs/decisions/0004)', () => {
  const content = noise(4, 8 * 10_485_120);
  /** @param onOpen - told of each time that the file is opened. */
  const counting = (file: SourceFile, onOpen: (offset: number) => void): SourceFile => ({
    ...file,
    open(offset) {
      onOpen(offset);
      return file.open(offset);
    },
  });

  test('have their segments read again from where they lie, and the transfer commits', async () => {
    const opened: number[] = [];
    const watching = whenSeated(...PLACEMENT, (seats) => turnBad(seats, [0, 1, 2], 'vanish-at-seal'));
    const file = counting(memoryFile('file.bin', content), (offset) => opened.push(offset));
    const { link, problems, survives } = await send(network.origin, [file], watching);
    expect(opened[0]).toBe(0);
    expect(opened.length).toBeGreaterThan(1);
    expect(opened.every((offset) => offset % 10_485_120 === 0)).toBe(true);
    expect(new Set(opened.slice(1)).size, 'each at most once more').toBe(opened.length - 1);
    expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['node_unreachable']));
    expect(survives).toBe(4);
    await network.heal();
    expect((await receive(link, deps)).files.get('file.bin')!.equals(content)).toBe(true);
  });

  test('cost the transfer when the file has changed meanwhile: nothing of it stays', async () => {
    let [link, opens] = ['', 0];
    const watching = whenSeated(...PLACEMENT, (seats) => turnBad(seats, [0, 1, 2], 'vanish-at-seal'));
    const file = counting(
      memoryFile('file.bin', content, async (_, chunk) => (opens > 1 ? chunk.fill(1) : chunk)),
      () => opens++,
    );
    const sending = sendTransfer(
      { files: [file], options: { coordinator: network.origin, expiresInSeconds: 3600, downloadLimit: null }, onLink: (begun) => void (link = begun.link) },
      watching,
    );
    await expect(sending).rejects.toMatchObject({ code: 'file_changed' });
    expect(opens).toBeGreaterThan(1);
    await expect(receive(link, deps)).rejects.toMatchObject({ code: 'transfer_revoked' });
    await network.heal();
    const transferId = encodeB64(parseLink(link).transferId);
    await vi.waitUntil(async () => (await onDisks(transferId)).length === 0, { timeout: 60_000, interval: 100 });
  });
});

describe('a download goes around three nodes', () => {
  const content = noise(3, 4 * 10_485_120);
  let link: string;
  beforeAll(async () => {
    ({ link } = await send(network.origin, [memoryFile('file.bin', content)], deps));
    await untilHardened(link, deps);
  });

  test.each<[BadMode, string, string]>([
    ['refuse', 'that close every connection', 'node_unreachable'],
    ['cut', 'that break off in the middle', 'node_unreachable'],
    ['garbage', 'that answer what is no HTTP', 'node_unreachable'],
    ['endless', 'that answer without end', 'bad_request'],
    ['redirect', 'that redirect', 'node_unreachable'],
    ['flip', 'that lie', 'shard_mismatch'],
    ['hang', 'that accept and fall silent', 'node_slow'],
    ['drip', 'that answer a byte a second', 'node_slow'],
  ])('%s: %s', async (mode, _, code) => {
    const { bad, problems, back } = await receivePast(mode, link);
    expect(back.equals(content)).toBe(true);
    expect(bad).toHaveLength(3);
    expect(reported(problems)).toEqual(expect.arrayContaining(bad));
    expect(codesOf(problems, bad)).toEqual([code]);
  });

  test.each<BadMode>(['hang', 'drip', 'flip'])('and around fourteen, the first ten among them: %s', async (mode) => {
    const { bad, problems, back } = await receivePast(mode, link, fourteen, 4);
    expect(back.equals(content)).toBe(true);
    expect(reported(problems)).toEqual(expect.arrayContaining(bad));
  });

  test.each<BadMode>(['hang-later', 'drip-later'])('and around fourteen that turn bad in the middle of a stream: %s', async (mode) => {
    const { bad, problems, back } = await receivePast(mode, link, fourteen, 4);
    expect(back.equals(content)).toBe(true);
    expect(codesOf(problems, bad)).toEqual(['node_slow']);
  });

  test('and around fourteen that vanish in the middle', async () => {
    let seats: readonly SeatLike[] = [];
    let bad: string[] = [];
    const sink = new MemorySink(async () => {
      if (bad.length === 0) bad = turnBad(seats, fourteen, 'refuse');
    });
    const watching = whenSeated(...CLAIM, (all) => (seats = all));
    const { files } = await receive(link, watching, sink);
    expect(bad).toHaveLength(14);
    expect(files.get('file.bin')!.equals(content)).toBe(true);
  });

  test('but not around fifteen that hang: it ends, and says who is missing', async () => {
    const all = Array.from({ length: 15 }, (_, i) => i);
    let bad: string[] = [];
    const watching = whenSeated(...CLAIM, (seats) => (bad = turnBad(seats, all, 'hang')));
    const failure: unknown = await receive(link, hurried(watching, 10)).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: 'not_enough_shards', message: expect.stringContaining('9 of 10 needed shards') as string });
    for (const url of bad) expect((failure as Error).message).toContain(`${new URL(url).host}: node_slow`);
  });
});
