/** What a transfer asks of the coordinator: no more for its size than one commit for seven segments, which are 70 MiB where there are 24 nodes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { ensureBuilt } from '../../cli/network/built.ts';
import { startNetwork, type RunningNetwork } from '../../cli/network/network.ts';
import type { ClientDeps } from '../../shared/client/index.ts';
import { TransferLayout, contentBytesOf } from '../../shared/protocol/index.ts';
import { freePorts } from '../support/free-ports.ts';
import { memoryFile, noise, receive, send } from '../support/memory-files.ts';

const SEGMENTS_PER_COMMIT = 7;
/** 2 of 4: segments of 2 MiB. */
const NODES = 4;
const REQUIRED = 2;
let network: RunningNetwork;
let data: string;
beforeAll(async () => {
  data = await mkdtemp(path.join(tmpdir(), 'shardsend-requests-'));
  await ensureBuilt();
  network = await startNetwork({ port: await freePorts(1 + NODES), nodes: NODES, dataDir: data, onLost: () => undefined });
});
afterAll(async () => {
  await network?.stop();
  await rm(data, { recursive: true, force: true });
});

/** The command's own, with a note of each request to the coordinator: its method and what follows the id. */
function noting(requests: string[]): ClientDeps {
  const deps = nodeDeps();
  return {
    ...deps,
    fetch: (url, init) => {
      if (url.startsWith(network.origin)) requests.push(`${init?.method ?? 'GET'} ${new URL(url).pathname.split('/').slice(4).join('/')}`);
      return deps.fetch(url, init);
    },
  };
}

async function requestsFor(bytes: number): Promise<{ sent: string[]; received: string[] }> {
  const [sent, received]: [string[], string[]] = [[], []];
  const { link } = await send(network.origin, [memoryFile('file', noise(1, bytes))], noting(sent));
  await receive(link, noting(received));
  return { sent, received };
}

test('a larger transfer asks the coordinator for more commits, and for nothing else', async () => {
  const [small, large] = [1_000_000, 60_000_000];
  const [few, many] = [await requestsFor(small), await requestsFor(large)];
  const commitsOf = ({ sent }: { sent: string[] }): number => sent.filter((request) => request === 'POST segments').length;
  const { segmentCount } = new TransferLayout(contentBytesOf(large), REQUIRED);
  expect(commitsOf(few)).toBe(1);
  expect(commitsOf(many)).toBeLessThanOrEqual(Math.ceil(segmentCount / SEGMENTS_PER_COMMIT) + 1);
  const others = (requests: readonly string[]): string[] => requests.filter((request) => request !== 'POST segments');
  expect(others(many.sent)).toEqual(others(few.sent));
  expect(many.received.toSorted()).toEqual(few.received.toSorted());
});
