import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { PasswordKey } from '../../crypto/index.ts';
import { asLinkSecret, asTransferId, ID_BYTES, KEY_BYTES } from '../../protocol/bytes.ts';
import { problemOf } from '../../protocol/error-sentences.ts';
import { encodeLink } from '../../protocol/link.ts';
import { webDeps } from '../deps.ts';
import { openTransfer } from './open-transfer.ts';

let server: Server;
afterEach(() => server.close());

async function linkTo(listener: RequestListener, password = false): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return encodeLink({ origin, transferId: asTransferId(new Uint8Array(ID_BYTES)), secret: asLinkSecret(new Uint8Array(KEY_BYTES)), password });
}

describe('a link whose address is another server’s', () => {
  it.each<[string, number, string, string]>([
    ['knows no such path', 404, 'text/html; charset=utf-8', '<h1>Not Found</h1>'],
    ['says so in plain text', 404, 'text/plain', 'not found'],
    ['shows the same page everywhere', 200, 'text/html', '<!doctype html><title>Welcome</title>'],
  ])('that %s: there is no Shardsend, and it is asked once', async (_, status, type, body) => {
    let asked = 0;
    const link = await linkTo((_request, answer) => {
      asked++;
      answer.writeHead(status, { 'Content-Type': type }).end(body);
    });
    await expect(openTransfer(link, webDeps())).rejects.toMatchObject({ code: 'wrong_coordinator' });
    expect(asked).toBeLessThanOrEqual(2); // status and manifest
  });

  it('that is out of order may be a coordinator’s: it is not reachable', async () => {
    const link = await linkTo((_request, answer) => answer.writeHead(502, { 'Content-Type': 'text/html' }).end('<h1>Bad Gateway</h1>'));
    await expect(openTransfer(link, webDeps(), { patienceMs: 0 })).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('a link that asks for a password', () => {
  it('is not opened without one, and the coordinator hears nothing of it', async () => {
    let asked = 0;
    const link = await linkTo((_request, answer) => {
      asked++;
      answer.writeHead(500).end();
    }, true);
    await expect(openTransfer(link, webDeps())).rejects.toMatchObject({ code: 'password_needed' });
    expect(asked).toBe(0);
  });

  it('asks once a try, and says how long no other is heard', async () => {
    const requests: string[] = [];
    const link = await linkTo((request, answer) => {
      requests.push(request.url ?? '');
      answer.writeHead(403, { 'Content-Type': 'application/problem+json', 'Retry-After': '30' }).end(JSON.stringify(problemOf('wrong_password')));
    }, true);
    const passwordKey = async () => new Uint8Array(KEY_BYTES) as PasswordKey;
    await expect(openTransfer(link, webDeps(), { passwordKey })).rejects.toMatchObject({ code: 'wrong_password', retryAfterSeconds: 30 });
    expect(requests).toEqual([expect.stringMatching(/^\/api\/transfers\/[\w-]{22}$/)]);
  });
});
