import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeB64, type Registration } from '../../shared/protocol/index.ts';
import { TestCoordinator, newTransferId } from '../testing/coordinator.ts';
import { codeOf, fetchRange } from '../testing/shards.ts';
import { Stage } from '../testing/stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.set();
});
afterEach(() => stage.clear());

const HEARTBEATS = { heartbeatMs: 100 };
const to = (path: string) => (request: { path: string }) => request.path === path;

describe('a node and its coordinator', () => {
  it('register, and stay in touch', async () => {
    const node = await stage.run({ ...HEARTBEATS, region: { latitude: 1, longitude: 2 }, publicUrl: 'https://node.example' });
    const { body } = await stage.coordinator.next(to('/api/nodes'));
    expect(body).toMatchObject({ url: 'https://node.example', operator: 'tests', region: { latitude: 1, longitude: 2 } } satisfies Partial<Registration>);
    expect(Object.keys(body as object)).toContain('viewHash');
    const heartbeat = await stage.coordinator.next(to('/api/nodes/heartbeat'));
    expect(Object.keys(heartbeat.body as object).toSorted()).toEqual(['freeBytes', 'usedBytes', 'version']);
    expect(node.publicUrl).toBe('https://node.example');
  });

  it("keep the coordinator's pace where the operator names none", async () => {
    stage.coordinator.heartbeatMs = 100;
    await stage.run();
    for (let i = 0; i < 3; i++) await stage.coordinator.next(to('/api/nodes/heartbeat'));
  });

  it('find each other again when the coordinator forgot, or was away', async () => {
    await stage.run(HEARTBEATS);
    await stage.coordinator.next(to('/api/nodes'));
    await stage.coordinator.next(to('/api/nodes/heartbeat'));
    stage.coordinator.refusals.push({ path: '/api/nodes/heartbeat', status: 500, code: 'internal' }, { path: '/api/nodes/heartbeat', status: 404, code: 'not_found' });
    await stage.coordinator.next(to('/api/nodes'));
    await stage.coordinator.next(to('/api/nodes/heartbeat'));
  });

  it('keep to the first key: another coordinator at the same address is not obeyed', async () => {
    const dataDir = await stage.folder();
    const first = await stage.run({ dataDir });
    await first.close();
    const impostor = await TestCoordinator.start();
    const refused = Promise.withResolvers<unknown>();
    const opened = stage.opened();
    void stage.run({ dataDir, coordinator: impostor.url }, { log: (event, fields) => event === 'registration_failed' && refused.resolve(fields?.['code']) });
    const node = await opened;
    expect(await refused.promise).toBe('conflict');
    const forged = await impostor.order(node.nodeId, { action: 'fetch', transferId: newTransferId() });
    expect(await codeOf(await fetchRange(node.url, forged, 0, 0))).toBe('order_forged');
    const good = await stage.coordinator.order(node.nodeId, { action: 'fetch', transferId: newTransferId() });
    expect((await fetchRange(node.url, good, 0, 0)).status).toBe(200);
    expect(encodeB64(impostor.key.publicKey)).not.toBe(encodeB64(stage.coordinator.key.publicKey));
    await impostor.close();
  });

  it('sign for one coordinator alone: one that has requests signed for another is not obeyed itself', async () => {
    const liar = await TestCoordinator.start();
    liar.shownKey = stage.coordinator.key.publicKey;
    const refused = Promise.withResolvers<unknown>();
    const opened = stage.opened();
    void stage.run({ coordinator: liar.url }, { log: (event, fields) => event === 'registration_failed' && refused.resolve(fields?.['code']) });
    const node = await opened;
    expect(await refused.promise).toBe('conflict');
    const forged = await liar.order(node.nodeId, { action: 'fetch', transferId: newTransferId() });
    expect((await fetchRange(node.url, forged, 0, 0)).status).toBeGreaterThanOrEqual(400);
    await liar.close();
  });
});
