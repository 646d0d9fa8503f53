import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodeOpen } from '../../shared/protocol/index.ts';
import { TEST_CERTIFICATES } from '../testing/certificates.ts';
import { newTransferId } from '../testing/coordinator.ts';
import { makeShard } from '../testing/shards.ts';
import { Stage } from '../testing/stage.ts';
import { StoreClient } from '../testing/store-client.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage.clear());

async function nameShown(url: string): Promise<string> {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const name = String(socket.getPeerCertificate().subject.CN);
  socket.destroy();
  return name;
}

it('speaks TLS, stores over it, and takes a new certificate without a stop', async () => {
  const folder = await stage.folder();
  const tls = { certFile: path.join(folder, 'cert.pem'), keyFile: path.join(folder, 'key.pem') };
  const [first, second] = TEST_CERTIFICATES;
  await writeFile(tls.certFile, first.cert);
  await writeFile(tls.keyFile, first.key);
  let onEvent: (event: string) => void = () => {};
  const node = await stage.run({ tls }, { log: (event) => onEvent(event) });
  const next = (wanted: string) => new Promise<void>((resolve) => (onEvent = (event) => event === wanted && resolve()));
  expect(node.url.startsWith('https://')).toBe(true);
  expect(await nameShown(node.url)).toBe(first.name);

  const client = new StoreClient(node.url, { rejectUnauthorized: false });
  await client.connected();
  client.send(encodeOpen(await stage.coordinator.order(node.nodeId, { action: 'store', transferId: newTransferId() })));
  await client.expect('ready');
  const shard = await makeShard(0, 1_048_576);
  await client.store(shard, shard.bytes);

  // Between two writes of a renewal, the pair does not fit: the old one stays.
  await writeFile(tls.certFile, second.cert);
  const refused = next('certificate_refused');
  process.emit('SIGHUP');
  await refused;
  expect(await nameShown(node.url)).toBe(first.name);
  await writeFile(tls.keyFile, second.key);
  const loaded = next('certificate_loaded');
  process.emit('SIGHUP');
  await loaded;
  expect(await nameShown(node.url)).toBe(second.name);
  expect((await client.seal()).segments).toEqual([0]); // who was connected stays so
  await client.close();
});

it('says which files are wrong', async () => {
  const folder = await stage.folder();
  const tls = { certFile: path.join(folder, 'none.pem'), keyFile: path.join(folder, 'none.key') };
  await expect(stage.run({ tls })).rejects.toThrow(/--tls-cert .*none\.pem and --tls-key/);
});
