import { describe, expect, it } from 'vitest';
import { encodeB64 } from '../../protocol/bytes.ts';
import type { Placement } from '../../protocol/messages.ts';
import { abortableDelay, type ClientDeps, type SourceFile } from '../deps.ts';
import { sendTransfer } from './send.ts';

const file: SourceFile = { path: 'a', bytes: 1, type: '', modifiedMs: null, open: () => new Blob(['a']).stream() };

function seats(count: number): Placement['nodes'] {
  return Array.from({ length: count }, (_, i) => ({
    shardIndex: i,
    nodeId: encodeB64(new Uint8Array(32).fill(i)),
    url: `https://node-${i}.example`,
    order: encodeB64(new Uint8Array(195)),
  }));
}

/** A coordinator that answers every creation with this placement; nobody must ever be connected to. */
function depsOf(change: Partial<Placement>): { deps: ClientDeps; opened: string[] } {
  const placement = {
    state: 'uploading',
    requiredShards: 2,
    totalShards: 6,
    safeShards: 3,
    expiresAtMs: 1,
    nodes: seats(6),
    survives: { nodes: 4, operators: 4 },
    relaxed: [],
    ...change,
  };
  const opened: string[] = [];
  const deps: ClientDeps = {
    fetch: async (url) => Response.json({ ...placement, transferId: url.split('/').at(-1) }),
    openSocket(url) {
      opened.push(url);
      throw new Error('a connection to a node');
    },
    now: () => Date.now(),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    delay: abortableDelay,
  };
  return { deps, opened };
}

const send = (deps: ClientDeps) => sendTransfer({ files: [file], options: { coordinator: 'https://coordinator.example', expiresInSeconds: 300, downloadLimit: null } }, deps);

describe('a sender', () => {
  it.each<[string, Partial<Placement>]>([
    ['one node that would hold everything', { requiredShards: 1, totalShards: 1, safeShards: 1, nodes: seats(1) }],
    ['fewer shards than its nodes call for', { requiredShards: 3, totalShards: 6 }],
    ['a lower bar for safety', { safeShards: 2 }],
    ['a node twice', { nodes: seats(6).map((seat, i) => (i === 5 ? { ...seats(6)[0]!, shardIndex: 5 } : seat)) }],
    ['one address for two nodes', { nodes: seats(6).map((seat, i) => (i === 5 ? { ...seat, url: seats(6)[0]!.url } : seat)) }],
    ['a shard index twice', { nodes: seats(6).map((seat, i) => (i === 5 ? { ...seat, shardIndex: 0 } : seat)) }],
    ['a shard index that the code does not have', { nodes: seats(6).map((seat, i) => (i === 5 ? { ...seat, shardIndex: 9 } : seat)) }],
    ['a seat too few', { nodes: seats(5) }],
    ['more losses survived than its shards allow', { survives: { nodes: 5, operators: 5 } }],
    ['more operators to lose than nodes', { survives: { nodes: 4, operators: 5 } }],
  ])('refuses a placement with %s, before a node hears of it', async (_, change) => {
    const { deps, opened } = depsOf(change);
    await expect(send(deps)).rejects.toMatchObject({ code: 'unavailable' });
    expect(opened).toEqual([]);
  });
});
