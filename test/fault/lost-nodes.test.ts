/** Nodes that are gone, emptied, or hold something else than they signed for. */
import { copyFile, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { FaultNetwork, type FaultNode } from '../support/fault-network.ts';
import { hurried, memoryFile, MemorySink, noise, receive, seatsOf, send } from '../support/memory-files.ts';
import { runCommand, untilHardened } from '../support/network.ts';

/** What stands in a shard file before the shard. */
const SHARD_HEADER_BYTES = 128;

let network: FaultNetwork;
const deps = nodeDeps();
beforeAll(async () => {
  network = await FaultNetwork.start({ nodes: 24 });
});
afterAll(() => network?.stop());
afterEach(() => network.heal());

const content = noise(1, 25_000_000);
async function sendHardened(): Promise<{ link: string; transferId: string; byShard: FaultNode[] }> {
  const { link, transferId } = await send(network.origin, [memoryFile('file.bin', content)], deps);
  await untilHardened(link, deps);
  const seats = await seatsOf(link, deps);
  return { link, transferId, byShard: seats.map(({ url }) => network.nodeAt(url)) };
}

interface Outcome {
  readonly code: number | null;
  readonly answer: { files?: { path: string; bytes: number }[]; problems?: { url: string; code: string }[]; error?: { code: string; message: string } };
  readonly left: string[];
  readonly out: string;
}
async function get(link: string): Promise<Outcome> {
  const out = await network.newFolder();
  const { code, stdout } = await runCommand(['get', link, '--out', out, '--json']);
  return { code, answer: JSON.parse(stdout) as Outcome['answer'], left: await readdir(out), out };
}
const saved = (out: string): Promise<Buffer> => readFile(path.join(out, 'file.bin'));

async function empty(node: FaultNode): Promise<void> {
  await rm(path.join(node.dataDir, 'shards'), { recursive: true });
}

describe('after hardening', () => {
  test('any fourteen nodes may be stopped, and one more may not: it says who is missing, and nothing is left of it', async () => {
    const { link, byShard } = await sendHardened();
    // The data shards are all among them.
    await Promise.all(byShard.slice(0, 14).map((node) => node.kill()));
    const fourteen = await get(link);
    expect(fourteen).toMatchObject({ code: 0, answer: { files: [{ path: 'file.bin', bytes: content.length }] } });
    expect((await saved(fourteen.out)).equals(content)).toBe(true);
    expect(fourteen.answer.problems?.map(({ url, code }) => `${url} ${code}`)).toEqual(expect.arrayContaining([`${byShard[0]!.url} node_unreachable`]));

    await byShard[14]!.kill();
    const fifteen = await get(link);
    expect(fifteen).toMatchObject({ code: 1, answer: { error: { code: 'not_enough_shards' } }, left: [] });
    const { message } = fifteen.answer.error!;
    expect(message).toContain('9 of 10 needed shards');
    for (const { url } of byShard.slice(0, 15)) expect(message).toContain(new URL(url).host);

    await byShard[14]!.start();
    expect(await get(link)).toMatchObject({ code: 0 });
  });

  test('fourteen may be emptied while they run, and then all but ten stopped as well', async () => {
    const { link, byShard } = await sendHardened();
    await Promise.all(byShard.slice(10).map(empty));
    const { problems, files } = await receive(link, deps);
    expect(files.get('file.bin')!.equals(content)).toBe(true);
    expect(problems).toEqual([]);
    await Promise.all(byShard.slice(10).map((node) => node.kill()));
    expect((await receive(link, deps)).files.get('file.bin')!.equals(content)).toBe(true);
    await network.heal();

    // The other way round: the ten that the recipient asks first hold nothing any more.
    const second = await sendHardened();
    await Promise.all(second.byShard.slice(0, 14).map(empty));
    const past = await receive(second.link, deps);
    expect(past.files.get('file.bin')!.equals(content)).toBe(true);
    expect(new Set(past.problems.map(({ url }) => url))).toEqual(new Set(second.byShard.slice(0, 14).map(({ url }) => url)));
    expect(new Set(past.problems.map(({ code }) => code))).toEqual(new Set(['shard_absent']));
    await empty(second.byShard[14]!);
    expect(await get(second.link)).toMatchObject({
      code: 1,
      answer: { error: { code: 'not_enough_shards', message: expect.stringContaining('shard_absent') as string } },
      left: [],
    });
  });
});

test('before hardening, any four of the fourteen that were sent to may be stopped', async () => {
  // Whoever is not sent to is gone before anything could be rebuilt there: exactly fourteen hold the transfer.
  await Promise.all(network.nodes.slice(0, 10).map((node) => node.kill()));
  const { link, survives, problems } = await send(network.origin, [memoryFile('file.bin', content)], deps);
  expect(survives).toBe(4);
  expect(new Set(problems.map(({ url }) => url)).size).toBeLessThanOrEqual(10);
  const seats = await seatsOf(link, deps);
  expect(seats).toHaveLength(14);
  await Promise.all(seats.slice(0, 4).map(({ url }) => network.nodeAt(url).kill()));
  expect((await receive(link, deps)).files.get('file.bin')!.equals(content)).toBe(true);

  await network.nodeAt(seats[4]!.url).kill();
  expect(await get(link)).toMatchObject({
    code: 1,
    answer: { error: { code: 'not_enough_shards', message: expect.stringContaining('9 of 10 needed shards') as string } },
    left: [],
  });
});

test('with eleven nodes gone, nothing can be sent, and it says which', async () => {
  await Promise.all(network.nodes.slice(0, 11).map((node) => node.kill()));
  const failure: unknown = await send(network.origin, [memoryFile('file.bin', content)], hurried(deps, 20)).catch((thrown: unknown) => thrown);
  expect(failure).toMatchObject({ code: 'not_enough_nodes' });
  for (const { url } of network.nodes.slice(0, 11)) expect((failure as Error).message).toContain(`${new URL(url).host}: node_unreachable`);
});

describe('shards on the disk that are', () => {
  let link: string;
  let transferId: string;
  let byShard: FaultNode[];
  beforeAll(async () => {
    ({ link, transferId, byShard } = await sendHardened());
  });

  /** Five nodes that are asked first, with what was done to their files. @returns their addresses. */
  async function damage(work: (files: string[]) => Promise<void>): Promise<{ urls: string[]; undo: () => Promise<void> }> {
    const nodes = byShard.slice(0, 5);
    const before: [string, Buffer][] = [];
    for (const node of nodes) {
      const files = await node.shardFiles(transferId);
      for (const file of files) before.push([file, await readFile(file)]);
      await work(files);
    }
    return { urls: nodes.map(({ url }) => url).toSorted(), undo: async () => void (await Promise.all(before.map(([file, bytes]) => writeFile(file, bytes)))) };
  }

  async function expectWholeBut(urls: readonly string[], code: string): Promise<void> {
    const out = await get(link);
    expect(out.code).toBe(0);
    expect((await saved(out.out)).equals(content)).toBe(true);
    expect(
      out.answer
        .problems!.filter((problem) => problem.code === code)
        .map(({ url }) => url)
        .toSorted(),
    ).toEqual(urls);
    const { problems, files } = await receive(link, deps, new MemorySink());
    expect(files.get('file.bin')!.equals(content)).toBe(true);
    expect(
      problems
        .filter((problem) => problem.code === code)
        .map(({ url }) => url)
        .toSorted(),
    ).toEqual(urls);
  }

  test('flipped in one bit', async () => {
    const { urls, undo } = await damage(async ([first]) => {
      const handle = await open(first!, 'r+');
      const { size } = await handle.stat();
      const at = SHARD_HEADER_BYTES + Math.floor((size - SHARD_HEADER_BYTES) / 2);
      const byte = Buffer.alloc(1);
      await handle.read(byte, 0, 1, at);
      byte[0]! ^= 1;
      await handle.write(byte, 0, 1, at);
      await handle.close();
    });
    await expectWholeBut(urls, 'shard_mismatch');
    await undo();
  });

  test('of another node', async () => {
    const others = await byShard[20]!.shardFiles(transferId);
    const { urls, undo } = await damage(async (files) => {
      // Under the header of the right one, so that the node itself notices nothing.
      for (const [i, file] of files.entries())
        await writeFile(file, Buffer.concat([(await readFile(file)).subarray(0, SHARD_HEADER_BYTES), (await readFile(others[i]!)).subarray(SHARD_HEADER_BYTES)]));
    });
    await expectWholeBut(urls, 'shard_mismatch');
    await undo();
  });

  // From here on the nodes notice by themselves, drop the file and answer that they hold none.
  test('swapped between two segments', async () => {
    const { urls } = await damage(async ([first, second]) => {
      const [a, b] = [await readFile(first!), await readFile(second!)];
      await writeFile(first!, b);
      await writeFile(second!, a);
    });
    await expectWholeBut(urls, 'shard_absent');
  });

  test('cut short, and of another transfer', async () => {
    const other = await sendHardened();
    ({ link, transferId, byShard } = await sendHardened());
    const cut = await damage(async (files) => {
      const handle = await open(files[0]!, 'r+');
      await handle.truncate((await handle.stat()).size - 1);
      await handle.close();
      const foreign = await byShard.find(({ dataDir }) => files[1]!.startsWith(dataDir))!.shardFiles(other.transferId);
      await copyFile(foreign[1]!, files[1]!);
    });
    await expectWholeBut(cut.urls, 'shard_absent');
    // A node that starts again finds out as well, and goes on.
    await byShard[0]!.kill();
    await byShard[0]!.start();
    expect((await receive(link, deps)).files.get('file.bin')!.equals(content)).toBe(true);
  });
});
