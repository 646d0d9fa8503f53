import { env } from 'cloudflare:workers';
import { createExecutionContext } from 'cloudflare:test';
import { beforeEach, describe, expect, it } from 'vitest';
import { encodeB64, utf8 } from '../../shared/protocol/bytes.ts';
import type { WorkerEnv } from '../environment.ts';
import coordinator from '../index.ts';
import { codeOf, randomId, startNetwork, TestTransfer } from '../testing/test-network.ts';
import { TestNode } from '../testing/test-node.ts';

const { TIGHT_CLIENT_RATE, TIGHT_NODE_RATE } = env as unknown as Record<string, RateLimit>;
/** Three a minute. */
const tight: WorkerEnv = { ...env, CLIENT_RATE: TIGHT_CLIENT_RATE!, NODE_RATE: TIGHT_NODE_RATE! };
/** One more than two minutes allow: the wall clock may turn in between. */
const TOO_MANY = 7;

let nodes: TestNode[];
beforeEach(async () => {
  nodes = await startNetwork(3);
});

interface Sent {
  readonly address: string;
  readonly body?: unknown;
  readonly token?: string;
  readonly node?: TestNode;
}
async function ask(method: string, path: string, { address, body, token, node }: Sent, using = tight): Promise<Response> {
  const bytes = utf8(JSON.stringify(body ?? {}));
  const authorization = node ? await node.signed(method, path, bytes) : (token ?? '');
  const headers = { 'CF-Connecting-IP': address, Authorization: authorization };
  return coordinator.fetch(new Request(`https://send.example${path}`, { method, headers, body: bytes }), using, createExecutionContext());
}
async function flood(request: () => Promise<Response>): Promise<Response[]> {
  const answers: Response[] = [];
  for (let i = 0; i < TOO_MANY; i++) answers.push(await request());
  return answers;
}
const isLimited = ({ status }: Response): boolean => status === 429;

const create = (address: string, using?: WorkerEnv): Promise<Response> => {
  const transfer = new TestTransfer();
  return ask('PUT', transfer.path, { address, token: transfer.ownerToken, body: transfer.values() }, using);
};
const heartbeat = (node: TestNode, address: string): Promise<Response> =>
  ask('POST', '/api/nodes/heartbeat', { address, node, body: { freeBytes: 1, usedBytes: 0, version: '1.0.0' } });
const register = (node: TestNode, address: string): Promise<Response> =>
  ask('POST', '/api/nodes', { address, node, body: { url: node.url, operator: 'tester', capacityBytes: 1, freeBytes: 1, version: '1.0.0' } });

describe('a limit of rate', () => {
  it('refuses what one network asks too often, says when to come back, and leaves others and other calls alone', async () => {
    const answers = await flood(() => create('198.51.100.7'));
    expect(answers[0]!.status).toBe(201);
    const refused = answers.find(isLimited)!;
    expect(await codeOf(refused.clone())).toBe('too_many_requests');
    expect(refused.headers.get('Retry-After')).toBe('60');
    expect(refused.headers.get('Access-Control-Allow-Origin')).toBe('*');
    const neighbours = await flood(() => create('198.51.100.250'));
    expect(neighbours.some(isLimited), 'it is one network').toBe(true);
    expect((await create('198.51.101.7')).status).toBe(201);
    const claimed = await ask('POST', `/api/transfers/${randomId()}/claim`, {
      address: '198.51.100.7',
      token: `Shardsend-Access ${randomId()}.${encodeB64(new Uint8Array(32))}`,
      body: { claimId: randomId() },
    });
    expect(await codeOf(claimed)).toBe('transfer_unknown');
  });
  it('holds for claims, and for registrations whatever key each has', async () => {
    const token = `Shardsend-Access ${randomId()}.${encodeB64(new Uint8Array(32))}`;
    const claims = await flood(() => ask('POST', `/api/transfers/${randomId()}/claim`, { address: '2001:db8:1:2::1', token, body: { claimId: randomId() } }));
    expect(claims.some(isLimited)).toBe(true);
    const registrations = await flood(async () => register(await TestNode.make('http://10.9.9.9:1'), '2001:db8:1:2:9::1'));
    expect(registrations.some(isLimited)).toBe(true);
  });
  it('of a node is its own: nobody else’s requests count, and those that it did not sign neither', async () => {
    const [node, other] = nodes as [TestNode, TestNode];
    for (let i = 0; i < TOO_MANY; i++) {
      const forged = await ask('POST', '/api/nodes/heartbeat', { address: '198.51.100.7', token: await node.signed('POST', '/api/nodes/elsewhere', utf8('{}')) });
      expect(await codeOf(forged)).toBe('unauthorized');
    }
    expect((await heartbeat(node, '198.51.100.7')).status).toBe(200);
    const empty = encodeB64(new Uint8Array(32));
    const buckets = Array.from({ length: 16 }, () => empty);
    const listed = await flood(() => ask('POST', '/api/nodes/inventory', { address: '198.51.100.7', node, body: { buckets } }));
    expect(listed.some(isLimited)).toBe(true);
    expect((await heartbeat(other, '198.51.100.7')).status).toBe(200);
  });
  it('is none where none is set', async () => {
    const answers = await flood(() => create('198.51.100.7', env));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: TOO_MANY }, () => 201));
  });
});
