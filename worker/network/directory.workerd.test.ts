import { env } from 'cloudflare:workers';
import { runInDurableObject } from 'cloudflare:test';
import { beforeEach, describe, expect, it } from 'vitest';
import { UNMEASURED, chooseNodes, type DirectoryNode, type SelectionTerms } from '../../shared/policy/index.ts';
import { hashToken } from '../../shared/crypto/keys.ts';
import { clock } from '../clock.ts';
import { onlineForMsOf, type WorkerEnv } from '../environment.ts';
import { TransferObject } from '../objects/transfer.ts';
import { publish } from '../testing/publishing.ts';
import { advance, GIB, random, randomId, startNetwork } from '../testing/test-network.ts';
import { Directory, forgetDirectory, readDirectory } from './directory.ts';

const terms = (): SelectionTerms => ({ nowMs: clock.nowMs(), onlineForMs: onlineForMsOf(env), seed: random(16), allowSharedHosts: true, sender: null });

/** Bindings that tell which of them were used. */
function watched(): { bindings: WorkerEnv; used: string[] } {
  const used: string[] = [];
  const bindings = new Proxy(env, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value === 'object' && value !== null) used.push(String(name));
      return value;
    },
  });
  return { bindings, used };
}

beforeEach(async () => {
  await startNetwork(5);
});

describe('choosing nodes', () => {
  it('reads the published snapshot and asks no object', async () => {
    forgetDirectory();
    const { bindings, used } = watched();
    expect(chooseNodes((await readDirectory(bindings)).index, 4096, terms()).nodes).toHaveLength(5);
    expect(used).toEqual(['SNAPSHOT']);
  });
  it('for a new transfer, asks no object that is not the transfer’s own', async () => {
    forgetDirectory();
    const { bindings, used } = watched();
    const transferId = randomId();
    const link = { linkId: randomId(), accessHash: hashToken(random(32)), envelope: random(49), password: false, downloadLimit: null };
    const values = { transferId, ownerHash: hashToken(random(32)), contentBytes: 4096, expiresInSeconds: 3600, link };
    const placement = await runInDurableObject(env.TRANSFERS.get(env.TRANSFERS.idFromName(transferId)), (_, state) => new TransferObject(state, bindings).create(values, null));
    expect(placement).toMatchObject({ ok: true, value: { survives: { nodes: 3, operators: 0 }, relaxed: expect.arrayContaining(['anchors', 'operator']) } });
    expect(used).toEqual(['SNAPSHOT']);
  });
  it('looks at a few of 10,000', () => {
    let looks = 0;
    const nodes = Array.from({ length: 10_000 }, (_, i): DirectoryNode => ({
      ...UNMEASURED,
      nodeId: `node ${i}`,
      url: 'https://n.example.net',
      operator: `operator ${i}`,
      network: `network ${i}`,
      country: ['PT', 'DE', 'US', 'JP'][i % 4]!,
      asn: i % 100,
      region: { latitude: (i % 120) - 60, longitude: (i % 360) - 180 },
      capacityBytes: GIB,
      freeBytes: GIB,
      standing: 'vetted',
      availability: 0.99,
      get lastSeenMs() {
        looks += 1;
        return clock.nowMs();
      },
    }));
    const { index } = new Directory({ nodes, edition: '1' }, onlineForMsOf(env));
    looks = 0;
    for (let i = 0; i < 20; i += 1) expect(chooseNodes(index, 4096, { ...terms(), allowSharedHosts: false }).nodes).toHaveLength(24);
    expect(looks / 20).toBeLessThan(200);
  });
});

describe('an isolate', () => {
  it('looks for another snapshot every few seconds, and makes an index of each one once', async () => {
    forgetDirectory();
    const first = await readDirectory(env);
    const { bindings, used } = watched();
    advance(4_999);
    expect(await readDirectory(bindings)).toBe(first);
    expect(used).toEqual([]);
    advance(1);
    expect(await readDirectory(bindings), 'the same edition').toBe(first);
    expect(used).toEqual(['SNAPSHOT']);
    await publish();
    const second = await readDirectory(env);
    expect(second).not.toBe(first);
    expect(second.index).toBe(second.index);
  });
  it('parses a snapshot once for all that ask at once', async () => {
    await publish();
    const [a, b, c] = await Promise.all([readDirectory(env), readDirectory(env), readDirectory(env)]);
    expect(b).toBe(a);
    expect(c).toBe(a);
  });
  it('goes on with what it read last while there is nothing to read from, and its nodes grow old', async () => {
    const broken = { ...env, SNAPSHOT: new Proxy(env.SNAPSHOT, { get: () => () => Promise.reject(new Error('gone')) }) };
    forgetDirectory();
    await expect(readDirectory(broken)).rejects.toMatchObject({ code: 'unavailable' });
    const last = await readDirectory(env);
    advance(onlineForMsOf(env) - 1);
    expect(await readDirectory(broken)).toBe(last);
    expect(last.countOnline(clock.nowMs())).toBe(5);
    expect(last.countOnline(clock.nowMs() + 1)).toBe(0);
  });
});
