import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { concatBytes, encodeFrameHeader } from '../../shared/protocol/index.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { RebuildStage, SETTING_MS, SHARD_BYTES, corrupt, encodeTransfer, type CodedTransfer } from '../testing/rebuild-stage.ts';
import { serve, type TestServer } from '../testing/test-server.ts';

let scene: RebuildStage;
const servers: TestServer[] = [];
const stand = async (...args: Parameters<typeof serve>): Promise<TestServer> => {
  const server = await serve(...args);
  servers.push(server);
  return server;
};
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const frameOf = ({ shards }: CodedTransfer, segment: number, shardIndex: number): Uint8Array =>
  concatBytes(encodeFrameHeader({ segment, held: true, shardIndex, shardBytes: SHARD_BYTES }), shards[segment]![shardIndex]!.bytes);

describe('a visit', () => {
  beforeAll(async () => {
    scene = await RebuildStage.set(400, 5);
  }, SETTING_MS);
  afterAll(() => scene.clear());

  it('names the sources that did not serve what they signed for, and stores nothing', async () => {
    const transfer = await encodeTransfer();
    await scene.place(transfer, [0, 1, 2]);
    await corrupt(scene.nodes[1]!, transfer.transferId, 3);
    const silent = await stand(() => {});
    const sources = [{ shardIndex: 0 }, { shardIndex: 1 }, { shardIndex: 3 }, { shardIndex: 2, url: silent.url }];
    const job = await scene.makeJob(transfer, { sources, targets: [] });
    expect((await scene.send(job, transfer)).status).toBe(202);
    const { receipts, problems } = await scene.reportOf(job);
    expect(receipts).toEqual([]);
    expect(problems).toEqual([
      { shardIndex: 1, code: 'shard_mismatch' },
      { shardIndex: 3, code: 'shard_absent' },
      { shardIndex: 2, code: 'node_slow' },
    ]);
  });
  it('of one shard of a node that serves names nobody', async () => {
    const transfer = await encodeTransfer();
    await scene.place(transfer, [4]);
    const whole = await scene.makeJob(transfer, { sources: [{ shardIndex: 4 }], targets: [] });
    const job = { ...whole, segments: [whole.segments[2]!] };
    await scene.send(job, transfer);
    expect(await scene.reportOf(job)).toEqual({ jobId: job.jobId, receipts: [], problems: [] });
  });
  it('asks for all that follows, as a recipient does, and leaves when it has what the job names', async () => {
    const transfer = await encodeTransfer();
    const asked = Promise.withResolvers<string>();
    const left = Promise.withResolvers<void>();
    const source = await stand((request, response) => {
      asked.resolve(request.url!);
      response.writeHead(200);
      for (const segment of [1, 2]) response.write(frameOf(transfer, segment, 0));
      response.on('close', () => left.resolve()); // what follows never comes
    });
    const whole = await scene.makeJob(transfer, { sources: [{ shardIndex: 0, url: source.url }], targets: [] });
    const job = { ...whole, segments: whole.segments.slice(1, 3) };
    await scene.send(job, transfer);
    expect(await asked.promise).toBe('/v1/shards?from=1&to=4');
    await left.promise;
    expect((await scene.reportOf(job)).problems).toEqual([]);
  });
});

describe('a visit to a slow node', () => {
  const SILENCE_MS = 15_000;
  const clock = new ManualClock();
  beforeAll(async () => {
    scene = await RebuildStage.set(SILENCE_MS, 1, { clock });
  }, SETTING_MS);
  afterAll(() => scene.clear());

  it('ends within its lease, and what was served until then counts', async () => {
    const transfer = await encodeTransfer();
    const source = await stand((_, response) => {
      response.writeHead(200);
      let segment = 0;
      const timer = setInterval(() => {
        if (response.writableLength > 0 || segment > 4) return;
        clock.advance(SILENCE_MS - 1);
        response.write(frameOf(transfer, segment++, 0));
      }, 20);
      response.on('close', () => clearInterval(timer));
    });
    const job = await scene.makeJob(transfer, { sources: [{ shardIndex: 0, url: source.url }], targets: [] }, { leaseMs: 100_000 });
    const startedAtMs = clock.nowMs();
    await scene.send(job, transfer);
    expect((await scene.reportOf(job)).problems).toEqual([]);
    expect(clock.nowMs() - startedAtMs).toBeLessThan(job.leaseMs);
  });
});
