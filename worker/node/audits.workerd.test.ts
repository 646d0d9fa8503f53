import { env } from 'cloudflare:workers';
import { sha256 } from '@noble/hashes/sha2.js';
import { beforeEach, describe, expect, it } from 'vitest';
import { auditSeed, beaconMessage, beaconOf, epochAt, integrityOf, pickLeaves } from '../../shared/policy/index.ts';
import type { Beacon } from '../../shared/protocol/audit.ts';
import { asNodeId, decodeB64, encodeB64 } from '../../shared/protocol/bytes.ts';
import { verifyOrder } from '../../shared/protocol/order.ts';
import { importVerifyingKey, verifyBytes } from '../../shared/protocol/signature.ts';
import { clock } from '../clock.ts';
import { coordinatorKeyOf } from '../environment.ts';
import { advance, call, logged, startNetwork } from '../testing/test-network.ts';
import type { AuditMood } from '../testing/test-node.ts';
import { EPOCH_MS, SHARD_BYTES, WatchedNode } from '../testing/watched-node.ts';

let watched: WatchedNode;
beforeEach(async () => {
  const [node] = await startNetwork(1);
  watched = new WatchedNode(node!);
});
const questions = () => watched.node.audits.map(({ message }) => message);

describe('an audit', () => {
  it('comes once an epoch, under an order for exactly these questions, and asks what the beacon picks', async () => {
    const held = await watched.hold();
    await watched.epochs(2);
    expect(questions().map(({ epoch }) => epoch)).toEqual([epochAt(clock.nowMs(), EPOCH_MS) - 1, epochAt(clock.nowMs(), EPOCH_MS)]);
    const { order: bytes, body, message } = watched.node.audits[1]!;
    const coordinatorKey = await importVerifyingKey(asNodeId((await coordinatorKeyOf(env)).publicKey));
    const nodeId = asNodeId(decodeB64(watched.node.nodeId));
    const order = await verifyOrder(bytes, { nodeId, action: 'audit', nowMs: clock.nowMs(), coordinatorKey });
    expect(encodeB64(order.commitment)).toBe(encodeB64(sha256(body)));
    expect(encodeB64(order.transferId)).toBe(encodeB64(new Uint8Array(16)));

    advance(EPOCH_MS);
    const beacon = await (await call('GET', `/api/beacon?epoch=${message.epoch}`)).json<Beacon>();
    expect(await verifyBytes(coordinatorKey, decodeB64(beacon.signature), beaconMessage(message.epoch))).toBe(true);
    const holding = { transferId: held.id, shardIndex: 3, firstSegment: 0, segmentCount: 4, shardBytes: SHARD_BYTES, lastShardBytes: SHARD_BYTES };
    const expected = pickLeaves(auditSeed(beaconOf(decodeB64(beacon.signature)), nodeId, message.epoch), [holding], 16);
    expect(message.leaves).toEqual(expected.map(({ transferId, segment, leaf }) => ({ transferId, segment, leaf })));
  });
  it('counts what is proved, and the node is asked nothing where it holds nothing', async () => {
    await watched.epochs(2);
    expect(watched.node.audits).toEqual([]);
    expect(await watched.status()).toMatchObject({ provedLeaves: 0, availability: 1, owedSinceMs: null });
    await watched.hold(8);
    await watched.epochs(2);
    expect(await watched.status()).toMatchObject({ provedLeaves: 32, wrongLeaves: 0, integrity: 1 });
    expect(logged.filter((line) => line.includes('"audit"'))).toEqual(Array(2).fill('{"event":"audit","proved":16,"wrong":0,"unanswered":0}'));
  });
  it('that is answered with other bytes, or with the word that nothing is there, is failed', async () => {
    await watched.hold(8);
    watched.node.auditMood = 'wrong';
    await watched.epochs(1);
    expect(await watched.status()).toMatchObject({ provedLeaves: 0, wrongLeaves: 16, owedSinceMs: null, standing: 'quarantined' });
    watched.node.auditMood = 'right';
    watched.node.shards.clear();
    await watched.epochs(1);
    expect(questions()[1]!.leaves.length, 'in quarantine more is asked').toBeGreaterThan(24);
    expect((await watched.status()).wrongLeaves).toBe(16 + questions()[1]!.leaves.length);
  });
  it.each<AuditMood>(['silent', 'half', 'wordy'])('that is answered %s stays owed, touches no integrity, and never changes its question', async (mood) => {
    await watched.hold(8);
    watched.node.auditMood = mood;
    await watched.epochs(1);
    const since = (await watched.status()).owedSinceMs;
    expect(since).toBe(epochAt(clock.nowMs(), EPOCH_MS) * EPOCH_MS);
    await watched.epochs(1);
    expect(await watched.status()).toMatchObject({ owedSinceMs: since, integrity: 1, standing: 'suspended', provedLeaves: 0, wrongLeaves: 0 });
    expect(await watched.reasons()).toEqual(['suspended audit_owed']);
    watched.node.auditMood = 'right';
    await watched.epochs(1);
    expect(questions()[1]).toEqual(questions()[0]);
    expect(questions()[2]).toEqual(questions()[0]);
    expect(await watched.status()).toMatchObject({ owedSinceMs: null, standing: 'unvetted', provedLeaves: 16 });
    await watched.epochs(1);
    expect(questions()[3]!.epoch).toBe(questions()[0]!.epoch + 3);
  });
  it('is no choice for a liar that answers only where it has everything: the leaf that it lacks stays asked', async () => {
    await watched.hold(8);
    const [shards] = watched.node.shards.values();
    for (let segment = 0; segment < 4; segment++) shards!.delete(segment);
    watched.node.auditMood = 'evasive';
    await watched.epochs(4);
    expect(new Set(questions().map((message) => JSON.stringify(message))).size).toBe(1);
    expect(await watched.status()).toMatchObject({ standing: 'suspended', provedLeaves: 0, integrity: 1 });
  });
  it('is not asked of a node that is offline, which then owes it', async () => {
    await watched.hold();
    await watched.epochs(1, false);
    expect(questions()).toEqual([]);
    expect(await watched.status()).toMatchObject({ standing: 'unvetted' });
    expect((await watched.status()).owedSinceMs).not.toBeNull();
    expect(await watched.reasons()).toEqual([]);
    await watched.epochs(2);
    expect((await watched.status()).owedSinceMs).toBeNull();
  });
  it('does not ask, or blame for, what ended before its answer was in', async () => {
    const [ended, other] = [await watched.hold(4), await watched.hold(4)];
    watched.node.shards.delete(ended.id);
    // The first look says that it is held; it ends while the node answers.
    ended.onAsked = () => {
      if (ended.asked > 1) ended.isHeld = false;
    };
    await watched.epochs(1);
    expect(questions()[0]!.leaves.some(({ transferId }) => transferId === ended.id)).toBe(true);
    expect(await watched.status()).toMatchObject({ wrongLeaves: 0, owedSinceMs: null });
    expect((await watched.status()).provedLeaves).toBe(questions()[0]!.leaves.filter(({ transferId }) => transferId === other.id).length);
    await watched.epochs(1);
    expect(questions()[1]!.leaves.every(({ transferId }) => transferId === other.id)).toBe(true);
  });
  it('leaves what is owed of an ended transfer alone', async () => {
    const ended = await watched.hold(4);
    watched.node.auditMood = 'silent';
    await watched.epochs(1);
    await (await watched.object()).letGo(ended.id);
    await watched.epochs(1);
    expect(await watched.status()).toMatchObject({ owedSinceMs: null, holdings: { transfers: 0, bytes: 0 } });
  });
  it('asks for nothing that expires within minutes: a node’s clock may be ahead', async () => {
    await watched.hold(4, (await watched.nextMomentMs()) - clock.nowMs() + 4 * 60_000);
    watched.node.shards.clear();
    await watched.epochs(1);
    expect(questions()).toEqual([]);
    await watched.liveUntil(clock.nowMs() + 15 * 60_000);
    expect((await watched.status()).holdings.transfers).toBe(0);
  });
});

describe('an audit that breaks off', () => {
  it('before its question is out, because a transfer cannot be reached, blames nobody and is asked the same way after a restart', async () => {
    const held = await watched.hold();
    held.isBroken = true;
    await watched.epochs(1);
    expect(questions()).toEqual([]);
    expect((await watched.record()).owedSinceEpoch).toBeNull();
    const owed = await watched.owed();
    expect(owed!.leaves.length).toBeGreaterThan(8);
    await watched.kill();
    held.isBroken = false;
    await watched.liveUntil(clock.nowMs() + 60_000);
    expect(questions().map(({ epoch, leaves }) => ({ epoch, leaves }))).toEqual([
      { epoch: owed!.epoch, leaves: owed!.leaves.map(({ transferId, segment, leaf }) => ({ transferId, segment, leaf })) },
    ]);
    expect(await watched.status()).toMatchObject({ provedLeaves: owed!.leaves.length, owedSinceMs: null });
  });
  it('between the answer and its record is asked once more, and counts once', async () => {
    const held = await watched.hold();
    watched.node.auditMood = 'wrong';
    held.onAsked = () => {
      if (held.asked === 2) throw new Error('the coordinator stops');
    };
    await watched.epochs(1);
    await watched.kill();
    await watched.liveUntil(clock.nowMs() + 60_000);
    expect(questions().length).toBe(2);
    expect(questions()[1]).toEqual(questions()[0]);
    expect(await watched.status()).toMatchObject({ wrongLeaves: questions()[0]!.leaves.length });
  });
  it('is not counted again by alarms that repeat', async () => {
    await watched.hold();
    await watched.epochs(1);
    const before = await watched.record();
    for (let i = 0; i < 3; i++) {
      await watched.kill();
      await watched.ringAnyway();
    }
    expect(questions().length).toBe(1);
    expect(await watched.record()).toEqual(before);
  });
});

describe('a coordinator that was away', () => {
  it('counts the time for nobody: no absence, no debt that grows old', async () => {
    await watched.hold();
    await watched.epochs(3);
    const before = await watched.record();
    await watched.kill();
    advance(5.4 * EPOCH_MS);
    await watched.heartbeat();
    await watched.liveUntil(clock.nowMs() + 1000);
    await watched.settle();
    expect(questions().length, 'it did not watch, so it does not ask').toBe(3);
    expect(await watched.record()).toEqual(before);
    await watched.epochs(2);
    expect(await watched.status()).toMatchObject({ availability: 1, standing: 'unvetted' });
    expect(questions().length).toBe(5);
  });
  it('ages no debt by the time in which it did not ask', async () => {
    await watched.hold();
    await watched.epochs(1);
    await watched.epochs(2, false);
    const { owedSinceEpoch } = await watched.record();
    advance(60 * EPOCH_MS);
    await watched.ring();
    await watched.epochs(2, false);
    const { owedSinceEpoch: now, epoch } = await watched.record();
    expect(epoch - now!).toBeLessThan(8);
    expect(now!).toBeGreaterThan(owedSinceEpoch! + 50);
  });
  it('shows every node as available that it heard whenever it could', async () => {
    for (let i = 0; i < 4; i++) {
      await watched.liveUntil(clock.nowMs() + 40 * 60_000);
      advance(20 * 60_000);
      await watched.heartbeat();
    }
    expect((await watched.status()).availability).toBe(1);
  });
});

describe('presence', () => {
  it('is the part of the watched time in which heartbeats came', async () => {
    await watched.epochs(1);
    const half = (await watched.nextMomentMs()) - EPOCH_MS / 2;
    await watched.liveUntil(half);
    await watched.liveUntil(await watched.nextMomentMs(), false);
    await watched.settle();
    const { availability } = await watched.record();
    // The last heartbeat counts for three minutes more.
    expect(availability.sum / availability.epochs).toBeCloseTo((1 + 0.55) / 2, 2);
  });
  it('of a node that was forgotten is looked after no more, until it comes back as what it was', async () => {
    await watched.hold(4, 3 * EPOCH_MS);
    watched.node.auditMood = 'wrong';
    await watched.epochs(1);
    expect((await watched.status()).standing).toBe('quarantined');
    advance(31 * 24 * EPOCH_MS);
    await watched.ring();
    await watched.settle();
    expect(await watched.alarmAtMs()).toBeNull();
    const before = integrityOf(await watched.record());
    await call('POST', '/api/nodes', { node: watched.node, body: { url: watched.node.url, operator: 'tester', capacityBytes: 10, freeBytes: 10, version: '1' } });
    expect(await watched.alarmAtMs()).not.toBeNull();
    expect((await watched.status()).standing).toBe('quarantined');
    expect(integrityOf(await watched.record())).toBe(before);
  });
});
