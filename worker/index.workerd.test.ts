import { env, exports } from 'cloudflare:workers';
import { createExecutionContext } from 'cloudflare:test';
import { beforeEach, describe, expect, it } from 'vitest';
import worker from './index.ts';
import { encodeB64 } from '../shared/protocol/bytes.ts';
import { problemOf } from '../shared/protocol/error-sentences.ts';
import { call, codeOf, logged, random, randomId, register, startNetwork, TestTransfer } from './testing/test-network.ts';
import { TestNode } from './testing/test-node.ts';

const MIB = 2 ** 20;
const get = (path: string, init: RequestInit = {}): Promise<Response> => exports.default.fetch(new Request(`https://send.example${path}`, { redirect: 'manual', ...init }));
/** A body of unknown length that never ends by itself. @returns how much of it was asked for. */
function endless(): { stream: ReadableStream<Uint8Array>; readBytes: () => number } {
  let bytes = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      bytes += 65_536;
      if (bytes > 64 * MIB) controller.close();
      else controller.enqueue(new Uint8Array(65_536).fill(32));
    },
  });
  return { stream, readBytes: () => bytes };
}

beforeEach(() => startNetwork(3));

describe('malformed requests', () => {
  it('are refused with the right code, as a problem document, and change nothing', async () => {
    const transfer = new TestTransfer();
    transfer.placement = await (await transfer.create()).json();
    const good = transfer.values();
    const fresh = (body: unknown) => [`PUT /api/transfers/${randomId()}`, transfer.ownerToken, body] as const;
    const own = (action: string, body: unknown) => [`POST ${transfer.path}${action}`, transfer.ownerToken, body] as const;
    const reading = (action: string, body: unknown) => [`POST ${transfer.path}${action}`, transfer.accessToken, body] as const;
    const bytes = (text: string) => new TextEncoder().encode(text);
    const cases: (readonly [string, string, unknown, string?])[] = [
      fresh(bytes('')),
      fresh(bytes('{')),
      fresh(bytes('null')),
      fresh(bytes('[]')),
      fresh(Uint8Array.of(0x22, 0xff, 0x22)),
      fresh({}),
      fresh({ ...good, contentBytes: 4095 }),
      fresh({ ...good, contentBytes: 2 ** 40 + 1 }),
      fresh({ ...good, contentBytes: 4096.5 }),
      fresh({ ...good, contentBytes: '4096' }),
      fresh({ ...good, expiresInSeconds: 299 }),
      fresh({ ...good, expiresInSeconds: 30 * 24 * 3600 + 1 }),
      fresh({ ...good, link: { ...good.link, downloadLimit: 0 } }),
      fresh({ ...good, link: { ...good.link, downloadLimit: 1001 } }),
      fresh({ ...good, link: { ...good.link, downloadLimit: undefined } }),
      fresh({ ...good, link: undefined }),
      fresh({ ...good, link: { ...good.link, linkId: encodeB64(random(15)) } }),
      fresh({ ...good, link: { ...good.link, envelope: encodeB64(random(48)) } }),
      fresh({ ...good, link: { ...good.link, password: 1 } }),
      fresh({ ...good, link: { ...good.link, accessHash: encodeB64(random(31)) } }),
      fresh({ ...good, link: { ...good.link, accessHash: `${good.link.accessHash}=` } }),
      [`PUT /api/transfers/${encodeB64(random(15))}`, transfer.ownerToken, good],
      [`PUT /api/transfers/${encodeB64(random(17))}`, transfer.ownerToken, good],
      ['PUT /api/transfers/%00', transfer.ownerToken, good],
      own('/store-orders', { shardIndexes: [] }),
      own('/store-orders', { shardIndexes: [0, 0] }),
      own('/store-orders', { shardIndexes: [-1] }),
      own('/store-orders', { shardIndexes: [24] }),
      own('/segments', { segments: [] }),
      own('/segments', { segments: Array.from({ length: 17 }, (_, index) => ({ index, salt: encodeB64(random(32)), roots: encodeB64(random(96)) })), receipts: [] }),
      own('/segments', { segments: [{ index: 0, salt: encodeB64(random(32)), roots: encodeB64(random(95)) }], receipts: [] }),
      own('/segments', { segments: [], receipts: [{ shardIndex: 0, storedAtMs: 1, segments: [1, 0], signature: encodeB64(random(64)) }] }),
      own('/complete', { problems: [{ shardIndex: 0, code: 'no_such_code' }] }),
      reading('/claim', {}),
      reading('/claim', { claimId: 'x' }),
      reading('/commit', { claimId: randomId() }),
      [`PUT ${transfer.path}/links/${encodeB64(random(15))}`, transfer.ownerToken, good.link],
      [`PUT ${transfer.path}/links/${randomId()}`, transfer.ownerToken, { ...good.link, downloadLimit: 1001 }],
      [`PATCH ${transfer.path}/links/${transfer.link.linkId}`, transfer.ownerToken, { downloadLimit: 0 }],
      [`PUT ${transfer.path}/manifest`, transfer.ownerToken, new Uint8Array(0)],
      [`PUT ${transfer.path}/manifest`, transfer.ownerToken, Uint8Array.of(1, ...random(200))],
      [`PUT ${transfer.path}/manifest`, transfer.ownerToken, Uint8Array.of(2, ...random(400))],
    ];
    for (const [line, token, body, code = 'bad_request'] of cases) {
      const [method, path] = line.split(' ') as [string, string];
      const response = await call(method, path, { token, body });
      const name = `${method} ${path.replace(transfer.id, 'ID')} ${JSON.stringify(body)?.slice(0, 120)}`;
      expect(response.headers.get('Content-Type'), name).toBe('application/problem+json');
      expect(response.headers.get('Access-Control-Allow-Origin'), name).toBe('*');
      expect(await response.json(), name).toEqual(problemOf(code as 'bad_request'));
    }
    expect(await transfer.status()).toMatchObject({ state: 'uploading', segments: { committed: 0 } });
  });
  it('that are too large are refused while they still come, whatever length they claim', async () => {
    const transfer = new TestTransfer();
    await transfer.create();
    for (const [method, action, limit] of [
      ['POST', '/segments', MIB],
      ['POST', '/store-orders', MIB],
      ['PUT', '/manifest', 8 * MIB],
    ] as const) {
      const { stream, readBytes } = endless();
      const response = await get(transfer.path + action, { method, headers: { Authorization: transfer.ownerToken }, body: stream });
      expect([response.status, await codeOf(response)], action).toEqual([413, 'too_large']);
      expect(readBytes(), action).toBeLessThan(limit + MIB);
    }
    const { stream } = endless();
    expect(await codeOf(await get('/api/nodes', { method: 'POST', body: stream }))).toBe('too_large');
  });
  it('to no route, or by a wrong method, find nothing', async () => {
    for (const path of ['/api', '/api/', '/api/x', '/api/transfers', `/api/transfers/${randomId()}/x`, '/api/nodes/x', '/x.js', '/nothing/here'])
      expect([(await get(path)).status, await codeOf(await get(path))], path).toEqual([404, 'not_found']);
    for (const [method, path] of [
      ['DELETE', '/api/network'],
      ['GET', '/api/nodes'],
      ['POST', `/api/transfers/${randomId()}`],
      ['POST', '/'],
      ['PUT', '/d/x'],
      ['POST', `/api/transfers/${randomId()}/manifest`],
    ] as const)
      expect(await codeOf(await get(path, { method })), `${method} ${path}`).toBe('not_found');
  });
});

describe('the interface', () => {
  it('is open to every origin without credentials, and nothing of it is kept', async () => {
    const preflight = await get(`/api/transfers/${randomId()}`, { method: 'OPTIONS', headers: { Origin: 'https://other.example', 'Access-Control-Request-Method': 'PUT' } });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('Access-Control-Allow-Origin')).toBe('*');
    expect(preflight.headers.get('Access-Control-Allow-Headers')).toBe('Authorization, Content-Type');
    for (const path of ['/api/network', '/api/x']) {
      const { headers } = await get(path);
      expect(headers.get('Cache-Control'), path).toBe('no-store');
      expect(headers.get('Access-Control-Allow-Credentials'), path).toBeNull();
    }
  });
  it('turns what nobody expected into `internal`, without a word of it', async () => {
    const broken = { ...env, COORDINATOR_SEED: 'sesame' };
    const response = await worker.fetch(new Request('https://send.example/api/network'), broken, createExecutionContext());
    expect([response.status, await response.clone().text()]).toEqual([500, JSON.stringify(problemOf('internal'))]);
    expect(logged.join('\n')).toContain('"event":"failure"');
    expect(logged.join('\n')).not.toContain('sesame');
  });
  it('takes only public https nodes, unless the network is a local one', async () => {
    const strict = { ...env, ALLOW_SHARED_HOSTS: 'false' };
    const node = await TestNode.make('http://10.0.0.1:9000');
    for (const url of ['http://node.example.net', 'https://localhost', 'https://10.0.0.1', 'https://[::1]:9000', 'https://printer.local', 'https://intranet']) {
      const body = new TextEncoder().encode(JSON.stringify({ url, operator: 'o', capacityBytes: 1, freeBytes: 1, version: '1' }));
      const headers = { Authorization: await node.signed('POST', '/api/nodes', body) };
      expect(await codeOf(await worker.fetch(new Request('https://send.example/api/nodes', { method: 'POST', headers, body }), strict, createExecutionContext())), url).toBe(
        'address_not_public',
      );
    }
  });
});

describe('pages', () => {
  it('carry a policy that leaves them nothing that they do not use', async () => {
    for (const path of ['/', '/network', '/d/abc', '/assets/app-1a2b3c.js', '/nothing']) {
      const { headers } = await get(path);
      const policy = headers.get('Content-Security-Policy') ?? '';
      expect(policy, path).toMatch(/^default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; /);
      expect(policy, path).toContain("connect-src 'self' https: wss: http: ws:;");
      expect(policy, path).toContain("require-trusted-types-for 'script'; trusted-types shardsend svelte-trusted-html");
      expect(headers.get('Referrer-Policy'), path).toBe('no-referrer');
      expect(headers.get('X-Content-Type-Options'), path).toBe('nosniff');
      expect(headers.get('Cross-Origin-Opener-Policy'), path).toBe('same-origin');
      expect(headers.get('Permissions-Policy'), path).toContain('geolocation=()');
      expect(headers.get('Strict-Transport-Security'), path).toContain('max-age=');
    }
    const strict = await worker.fetch(new Request('http://send.example/'), { ...env, ALLOW_SHARED_HOSTS: 'false' }, createExecutionContext());
    expect(strict.headers.get('Content-Security-Policy')).toContain("connect-src 'self' https: wss:;");
    expect(strict.headers.get('Strict-Transport-Security')).toBeNull();
  });
  it('are found by their names, and kept for good only where the name is a hash', async () => {
    expect(await (await get('/')).text()).toBe('send');
    expect(await (await get('/network')).text()).toBe('network');
    const asset = await get('/assets/app-1a2b3c.js');
    expect([await asset.text(), asset.headers.get('Cache-Control')]).toEqual(['code', 'public, max-age=31536000, immutable']);
    expect((await get('/')).headers.get('Cache-Control')).toBe('no-cache');
    expect((await get('/', { method: 'HEAD' })).status).toBe(200);
    expect((await get('/assets/gone-1a2b3c.js')).headers.get('Cache-Control')).toBe('no-store');
  });
  it('show the receive page for every address that may hold a key, and no log line holds what stands in it', async () => {
    const id = randomId();
    const key = encodeB64(random(37));
    const moved = [`/d/${id}%23${key}`, `/d/${id}/${key}`, `/d/${id}%2523${key}?utm=${key}`, `/d/${id}?utm%23${key}`, `/d/x${key}`, `/d/`];
    const respelt = [
      `/D/${id.toUpperCase()}#${key}`,
      `/%64/${id}%23${key}`,
      `/d%2F${id}%23${key}`,
      `//d/${id}%23${key}`,
      `/%2564%252F${id}%2523${key}`,
      `/d%23${key}`,
      `/d/%FF%23${key}`,
    ];
    for (const path of [`/d/${id}`, `/d/${id}/`, ...moved, ...respelt]) expect(await (await get(path)).text(), path).toBe('receive');
    for (const path of [`/${id}%23${key}`, `/x/${key}`, `/assets/${key}`, `/download`, '/d.js']) expect(await codeOf(await get(path)), path).toBe('not_found');
    expect(await codeOf(await get(`/d/${id}%23${key}`, { method: 'POST' }))).toBe('not_found');
    const lines = logged.join('\n');
    expect(lines).toContain('"route":"/d/*"');
    expect(lines).not.toContain(id);
    expect(lines).not.toContain(key);
  });
  it('whose address may hold a key are kept in no cache, and tell nobody where they are', async () => {
    const id = randomId();
    const key = encodeB64(random(37));
    expect((await get(`/d/${id}`)).headers.get('Cache-Control')).toBe('no-cache');
    for (const path of [`/d/${id}%23${key}`, `/d/${id}/${key}`, `/d/${key}`, `/d/${id}?x=%23${key}`, `/D/${id}`, `/d%2F${id}%23${key}`, `/nothing%23${key}`]) {
      const { headers } = await get(path);
      expect(headers.get('Cache-Control'), path).toBe('no-store');
      expect(headers.get('Referrer-Policy'), path).toBe('no-referrer');
      expect([...headers].join(), path).not.toContain(key);
    }
  });
});

describe('the log', () => {
  it('has one line a request, with the route’s pattern and no id, token, address or name', async () => {
    const transfer = await new TestTransfer().send({ downloadLimit: 2 });
    const { claimId } = await transfer.claim();
    await transfer.asRecipient('POST', '/commit', { claimId, problems: [] });
    await call('GET', `/api/transfers/${transfer.id}`, { token: transfer.link.header(random(32)) });
    const stranger = await TestNode.make('http://10.77.0.1:9000');
    await register(stranger);
    await get(`/${transfer.id}?${claimId}`, { method: 'PURGE' });
    const lines = logged.join('\n');
    expect(lines).toContain('{"event":"request","method":"POST","route":"/api/transfers/:id/commit","status":200,"code":null,"ms":0}');
    expect(lines).toContain('"status":403,"code":"wrong_link"');
    const secrets = [
      transfer.id,
      claimId,
      encodeB64(transfer.owner),
      encodeB64(transfer.link.access),
      transfer.link.linkId,
      transfer.placement.nodes[0]!.nodeId,
      transfer.placement.nodes[0]!.order,
      '10.77',
      '10.0.',
      'tester',
      'PURGE',
    ];
    for (const secret of secrets) expect(lines).not.toContain(secret);
  });
});
