import { describe, expect, it } from 'vitest';
import { clock } from '../clock.ts';
import { addNode, startNetwork, TestTransfer } from '../testing/test-network.ts';
import { Repairs } from '../testing/test-repairs.ts';

const HOUR_MS = 3600_000;

describe('shards that nobody can rebuild, because the sender committed to other roots', () => {
  it('cost the network less and less, however many nodes there are to try, until a job bears fruit', async () => {
    const nodes = await startNetwork(6);
    const transfer = await new TestTransfer().send({ contentBytes: 7 * 2 ** 20, expiresInSeconds: 24 * 3600 });
    const repairs = new Repairs(transfer, nodes);
    for (let i = 0; i < 14; i++) repairs.nodes.push(await addNode());
    const lookAtMs = async (): Promise<number> => (await repairs.rows<{ rebuildAtMs: number }>('transfer'))[0]!.rebuildAtMs;
    const beganAtMs = clock.nowMs();
    const jobsOfHour = [0, 0, 0];
    for (;;) {
      for (let job = await repairs.nextJob(); job !== null; job = await repairs.nextJob()) {
        jobsOfHour[Math.floor((clock.nowMs() - beganAtMs) / HOUR_MS)]! += 1;
        const problems = job.message.targets.map(({ shardIndex }) => ({ shardIndex, code: 'shard_mismatch' as const }));
        await repairs.report(job, [], problems);
      }
      if ((await lookAtMs()) >= beganAtMs + 3 * HOUR_MS) break;
      await repairs.wait((await lookAtMs()) - clock.nowMs());
    }
    expect(jobsOfHour[0]).toBeGreaterThan(8);
    expect(jobsOfHour[0]).toBeLessThan(20);
    expect(jobsOfHour[2]).toBeLessThanOrEqual(2);

    await repairs.wait((await lookAtMs()) - clock.nowMs());
    expect((await repairs.mend()).length).toBe(1);
    expect((await transfer.status()).survives).toBe(3);
  }, 60_000);
});
