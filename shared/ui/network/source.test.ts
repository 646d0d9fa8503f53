import { describe, expect, it } from 'vitest';
import { problemOf } from '../../protocol/error-sentences.ts';
import { SendError } from '../../protocol/errors.ts';
import { readNodeStatus, readSummary, type SourceParts } from './source.ts';
import { nodeAt, summaryAt } from './testing/samples.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12);
const served = (value: unknown, headers: Record<string, string> = {}): Response => Response.json(value, { headers });

interface Asked {
  readonly url: string;
  readonly init: RequestInit;
}
function answering(answer: () => Response | Promise<Response>): { parts: SourceParts; asked: Asked[] } {
  const asked: Asked[] = [];
  const parts: SourceParts = {
    origin: 'https://send.example',
    async fetch(url, init) {
      asked.push({ url, init });
      return answer();
    },
    now: () => NOW_MS,
  };
  return { parts, asked };
}
const codeOf = (reading: Promise<unknown>): Promise<unknown> => reading.catch((thrown: unknown) => (thrown instanceof SendError ? thrown.code : thrown));

describe('asking the coordinator', () => {
  it('reads the summary without any credentials, with the time at which it was served', async () => {
    const summary = summaryAt('healthy', NOW_MS - 60_000);
    const { parts, asked } = answering(() => served(summary, { Date: new Date(NOW_MS - 7_000).toUTCString() }));
    expect(await readSummary(parts)).toEqual({ value: summary, servedAtMs: NOW_MS - 7_000 });
    expect(asked[0]).toMatchObject({ url: 'https://send.example/api/network/summary', init: { headers: {}, credentials: 'omit', cache: 'no-store', redirect: 'error' } });
  });

  it('falls back on the page’s clock where an answer carries no time', async () => {
    const { parts } = answering(() => served(summaryAt('small', NOW_MS)));
    expect(await readSummary(parts)).toMatchObject({ servedAtMs: NOW_MS });
  });

  it('carries the token of a node in the header alone', async () => {
    const status = nodeAt(NOW_MS);
    const { parts, asked } = answering(() => served(status));
    expect(await readNodeStatus(parts, { nodeId: status.nodeId, token: 'a-token' })).toMatchObject({ value: status });
    expect(asked[0]!.url).toBe(`https://send.example/api/nodes/${status.nodeId}`);
    expect(asked[0]!.init.headers).toEqual({ Authorization: 'Shardsend-View a-token' });
  });

  it('passes on why it was refused', async () => {
    const { parts } = answering(() => Response.json(problemOf('unauthorized'), { status: 401 }));
    expect(await codeOf(readNodeStatus(parts, { nodeId: 'x', token: 'y' }))).toBe('unauthorized');
  });

  it('takes a coordinator that cannot be reached as no connection, and one that cannot be understood as absent', async () => {
    const unreachable = answering(() => Promise.reject(new TypeError('network')));
    expect(await codeOf(readSummary(unreachable.parts))).toBe('offline');
    for (const answer of [new Response('<html>'), served({ version: 2 }), new Response('', { status: 502 })]) {
      const { parts } = answering(() => answer);
      expect(await codeOf(readSummary(parts))).toBe('unavailable');
    }
  });
});
