import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { asLinkSecret, asTransferId, ID_BYTES, KEY_BYTES } from '../../protocol/bytes.ts';
import { encodeLink } from '../../protocol/link.ts';
import { webDeps } from '../deps.ts';
import { openTransfer } from './open-transfer.ts';

let server: Server;
afterEach(() => server.close());

async function linkTo(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return encodeLink({ origin, transferId: asTransferId(new Uint8Array(ID_BYTES)), secret: asLinkSecret(new Uint8Array(KEY_BYTES)), password: false });
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
