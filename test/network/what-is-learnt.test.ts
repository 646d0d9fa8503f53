/** What coordinator and nodes can tell of two transfers that differ in everything but the class of their size: nothing. docs/threat-model.md */
import { stat } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { openTransfer, type ClientDeps } from '../../shared/client/index.ts';
import { contentBytesOf, type Status } from '../../shared/protocol/index.ts';
import { FaultNetwork } from '../support/fault-network.ts';
import { memoryFile, noise, receive, send } from '../support/memory-files.ts';
import { untilHardened } from '../support/network.ts';

const NODES = 5;
const LETTER = [['Kündigung.pdf', 3_100_000]] as const;
/** Together as large as the letter but for a few kB, and with longer names. */
const HOLIDAY = [
  ['Urlaub 2026/Strand.jpg', 2_000_000],
  ['Urlaub 2026/Berge.jpg', 1_090_000],
  ['Urlaub 2026/leer.txt', 0],
] as const;
type Files = readonly (readonly [path: string, bytes: number])[];

const total = (files: Files): number => files.reduce((sum, [, bytes]) => sum + bytes, 0);
const sources = (files: Files) => files.map(([path, bytes], i) => memoryFile(path, noise(i, bytes)));

let network: FaultNetwork;
beforeAll(async () => {
  network = await FaultNetwork.start({ nodes: NODES });
});
afterAll(() => network?.stop());

/** Text as its length, bytes as their number, and the measured pace of a node as its presence: what is left of a message when it is drawn anew. */
function shapeOf(value: unknown): unknown {
  if (typeof value === 'string') return `${value.length} characters`;
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, key === 'paces' || key === 'receipts' ? 'measured' : shapeOf(part)]));
}

interface Learnt {
  /** Requests to the coordinator: their method, route and shape. */
  readonly requests: readonly string[];
  /** Sizes of the shard files of each node. */
  readonly disks: readonly (readonly number[])[];
  readonly status: Pick<Status, 'contentBytes' | 'segments' | 'requiredShards' | 'totalShards'>;
}

async function transfer(files: Files): Promise<Learnt> {
  const plain = nodeDeps();
  const requests: string[] = [];
  const deps: ClientDeps = {
    ...plain,
    fetch(input, init) {
      if (input.startsWith(network.origin)) {
        const body = init?.body;
        const shape = typeof body === 'string' ? JSON.stringify(shapeOf(JSON.parse(body))) : body instanceof Uint8Array ? `${body.length} bytes` : 'none';
        requests.push(`${init?.method ?? 'GET'} ${new URL(input).pathname.replace(/[\w-]{22}/, ':id')} ${shape}`);
      }
      return plain.fetch(input, init);
    },
  };
  const { link, transferId } = await send(network.origin, sources(files), deps);
  await untilHardened(link, plain);
  const { files: received } = await receive(link, deps);
  expect([...received.keys()]).toEqual(files.map(([path]) => path));
  const disks = await Promise.all(network.nodes.map(async (node) => Promise.all((await node.shardFiles(transferId)).map(async (file) => (await stat(file)).size))));
  const { contentBytes, segments, requiredShards, totalShards } = (await openTransfer(link, plain)).status;
  return { requests: [...new Set(requests)].toSorted(), disks, status: { contentBytes, segments, requiredShards, totalShards } };
}

test('names, number and sizes of files do not show, only the class of their sum', async () => {
  expect(total(LETTER)).not.toBe(total(HOLIDAY));
  expect(contentBytesOf(total(LETTER))).toBe(contentBytesOf(total(HOLIDAY)));
  const [letter, holiday] = [await transfer(LETTER), await transfer(HOLIDAY)];
  expect(letter.disks.flat()).toHaveLength(letter.status.segments.total * NODES);
  expect(letter.requests.length).toBeGreaterThan(5);
  expect(holiday).toEqual(letter);
});

test('a sum of another class does show', async () => {
  const [letter, larger] = [await transfer(LETTER), await transfer([['x', total(LETTER) + 200_000]])];
  expect(larger.disks).not.toEqual(letter.disks);
});
