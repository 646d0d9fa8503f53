import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeB64, type NodeStatus, type Registration } from '../shared/protocol/index.ts';
import { openOperator } from './operator.ts';
import { Stage } from './testing/stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.set();
});
afterEach(() => stage.clear());

const statusOf = (nodeId: string): NodeStatus => ({
  nodeId,
  operator: 'tests',
  version: '1',
  url: 'https://node.example',
  standing: 'vetted',
  integrity: 1,
  availability: 1,
  speed: null,
  provedLeaves: 0,
  wrongLeaves: 0,
  epochMs: 3600_000,
  owedSinceMs: null,
  appealFromMs: null,
  holdings: { transfers: 0, bytes: 0, lastExpiresAtMs: null },
  capacityBytes: 1,
  freeBytes: 1,
  registeredAtMs: 1,
  lastSeenMs: 1,
  history: [],
});
const signal = new AbortController().signal;

describe('the operator of a node', () => {
  it("asks in the node's name, finds the coordinator by itself, and does not disturb the daemon", async () => {
    const dataDir = await stage.folder();
    const node = await stage.run({ dataDir });
    const operator = await openOperator(dataDir);
    const asked: string[] = [];
    for (const [path, standing] of [
      ['', 'vetted'],
      ['/leave', 'leaving'],
      ['/appeal', 'unvetted'],
    ] as const)
      stage.coordinator.answers.set(`/api/nodes/${node.nodeId}${path}`, () => {
        asked.push(path);
        return { ...statusOf(node.nodeId), standing };
      });
    expect([await operator.status(signal), await operator.leave(signal), await operator.appeal(signal)].map(({ standing }) => standing)).toEqual(['vetted', 'leaving', 'unvetted']);
    expect(asked).toEqual(['', '/leave', '/appeal']);
    expect([operator.nodeId, await operator.lastAudit()]).toEqual([node.nodeId, null]);
  });

  it('gets the link to a page whose token is the one that the node registered, and never the key', async () => {
    const dataDir = await stage.folder();
    const node = await stage.run({ dataDir });
    const registration = (await stage.coordinator.next(({ path }) => path === '/api/nodes')).body as Registration;
    const { page } = await openOperator(dataDir);
    const [address, fragment] = page.split('#') as [string, string];
    const [nodeId, token] = fragment.split('.') as [string, string];
    expect([address, nodeId]).toEqual([`${stage.coordinator.url}/network`, node.nodeId]);
    expect(createHash('sha256').update(decodeB64(token, 32)).digest('base64url')).toBe(registration.viewHash);
  });

  it('is told clearly when there is no node, or no coordinator', async () => {
    const empty = await stage.folder();
    await expect(openOperator(empty)).rejects.toThrow(/there is no node in/);
    await expect(openOperator(`${empty}/missing`)).rejects.toThrow(/there is no node in/);
    const dataDir = await stage.folder();
    const node = await stage.run({ dataDir });
    await node.close();
    stage.coordinator.refusals.push({ path: `/api/nodes/${node.nodeId}`, status: 404, code: 'not_found' });
    await expect((await openOperator(dataDir)).status(signal)).rejects.toMatchObject({ code: 'not_found' });
    await expect((await openOperator(dataDir, 'http://127.0.0.1:1')).status(signal)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
