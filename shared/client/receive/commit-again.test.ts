import { describe, expect, test } from 'vitest';
import { encodeB64, ID_BYTES } from '../../protocol/bytes.ts';
import { problemOf } from '../../protocol/error-sentences.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import { encodeLink } from '../../protocol/link.ts';
import { MemoryTransfer } from '../testing/memory-transfer.ts';
import { commitAgain } from './commit-again.ts';

const claimId = encodeB64(new Uint8Array(ID_BYTES).fill(9));

/** @param code - of the refusal; null where the claim counts. */
async function ask(code: ErrorCode | null): Promise<{ answer: Promise<boolean>; asked: string[] }> {
  const { transfer, deps } = await MemoryTransfer.seal([new Uint8Array(1)]);
  const asked: string[] = [];
  Object.assign(deps, {
    fetch: async (url: string, { body }: RequestInit) => {
      asked.push(`${new URL(url).pathname} ${body as string}`);
      return code === null ? new Response(null, { status: 204 }) : Response.json(problemOf(code), { status: problemOf(code).status });
    },
  });
  return { answer: commitAgain(encodeLink(transfer.link), claimId, deps, { patienceMs: 0 }), asked };
}

describe('a download that was here whole when its program ended', () => {
  test('is committed again under the same claim, and counts', async () => {
    const { answer, asked } = await ask(null);
    expect(await answer).toBe(true);
    expect(asked).toEqual([expect.stringMatching(new RegExp(`/commit .*"claimId":"${claimId}"`))]);
  });

  test.each(['transfer_used_up', 'claim_lapsed', 'claim_unknown', 'transfer_revoked'] as const)('does not count where the coordinator says %s', async (code) => {
    expect(await (await ask(code)).answer).toBe(false);
  });

  test('waits where nobody can say', async () => {
    await expect((await ask('unavailable')).answer).rejects.toMatchObject({ code: 'unavailable' });
  });
});
