/** After a transfer nobody but sender and recipient holds anything of the link: not on a disk, in a log, in a metric, in a request. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deriveLinkKeys, openEnvelope } from '../../shared/client/link-keys.ts';
import { decodeB64, encodeB64, parseLink, type RecipientStatus } from '../../shared/protocol/index.ts';
import type { TestBrowser } from '../support/browser.ts';
import type { RecordingProxy } from '../support/recording-proxy.ts';
import { sha256Of, startStage, type Stage } from './stage.ts';
import { download, sendFiles } from './steps.ts';

const FILE_NAME = 'Kündigung Müller-Lüdenscheidt.pdf';

let stage: Stage;
let proxy: RecordingProxy;
let browser: TestBrowser;
/** What may be nowhere, under the name of what it is. */
let secrets: [string, Buffer][];
let transferId: Uint8Array;

beforeAll(async () => {
  stage = await startStage(6);
  proxy = await stage.startProxy();
  browser = await stage.launchBrowser({ proxy: proxy.url });
  const source = await stage.newFile(FILE_NAME, 3_000_000);
  const page = await browser.newPage();
  const link = await sendFiles(page, stage.origin, [source]);
  await page.goto('about:blank');
  await page.goto(link);
  const { file } = await download(page);
  if ((await sha256Of(file)) !== (await sha256Of(source))) throw new Error('another file arrived');
  // A mail filter’s form of the same link puts the key into a path that the coordinator is sent.
  await (await fetch(link.replace('#', '%23'))).text();

  const parsed = parseLink(link);
  ({ transferId } = parsed);
  const { linkId, accessToken, envelopeKey } = await deriveLinkKeys(parsed);
  const access = { Authorization: `Shardsend-Access ${encodeB64(linkId)}.${encodeB64(accessToken)}` };
  const { envelope } = (await (await fetch(`${stage.origin}/api/transfers/${encodeB64(transferId)}`, { headers: access })).json()) as RecipientStatus;
  const [, fragment = ''] = link.split('#');
  const owner = proxy.requests.flatMap(({ headers }) => headers).find((value) => value.startsWith('Shardsend-Owner '))!;
  secrets = [
    ['the fragment', Buffer.from(fragment)],
    ...formsOf('the secret', parsed.secret),
    ...formsOf('the content secret', await openEnvelope(decodeB64(envelope!), envelopeKey)),
    ...formsOf('the access token', accessToken),
    ...formsOf('the owner token', Buffer.from(owner.split(' ')[1]!, 'base64url')),
    ...formsOf('the file name', Buffer.from(FILE_NAME)),
    ['the file name, percent-encoded', Buffer.from(encodeURIComponent(FILE_NAME))],
    ['part of the file name', Buffer.from('denscheidt')],
  ];
});
afterAll(() => stage?.stop());

function formsOf(name: string, bytes: Uint8Array): [string, Buffer][] {
  const raw = Buffer.from(bytes);
  const encodings = (['base64url', 'base64', 'hex'] as const).map((encoding): [string, Buffer] => [`${name} in ${encoding}`, Buffer.from(raw.toString(encoding))]);
  return [[name, raw], ...encodings, [`${name} in upper-case hex`, Buffer.from(raw.toString('hex').toUpperCase())]];
}

const secretsIn = (bytes: Buffer): string[] => secrets.filter(([, secret]) => bytes.includes(secret)).map(([name]) => name);

/** Everything that the network wrote: coordinator, nodes, logs, indexes. */
async function filesOfNetwork(): Promise<Map<string, Buffer>> {
  const entries = await readdir(stage.dataDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  return new Map(await Promise.all(files.map(async (file) => [path.relative(stage.dataDir, file), await readFile(file)] as const)));
}

describe('the search itself', () => {
  test('knows every secret', () => {
    for (const [name, secret] of secrets) expect(secretsIn(Buffer.concat([Buffer.from('x'), secret])), name).toContain(name);
  });

  test('finds what may be known: the transfer’s id at the coordinator and at a node, and a request for it', async () => {
    const files = [...(await filesOfNetwork())];
    const id = Buffer.from(transferId);
    expect(files.some(([name, bytes]) => name.startsWith('coordinator') && bytes.includes(encodeB64(transferId)))).toBe(true);
    expect(files.some(([name, bytes]) => name.startsWith('nodes') && bytes.includes(id))).toBe(true);
    expect(files.filter(([name, bytes]) => name.endsWith('.log') && bytes.length > 0)).toHaveLength(7);
    expect(proxy.requests.some(({ url }) => url.includes(`/api/transfers/${encodeB64(transferId)}`))).toBe(true);
  });
});

test('no file of the coordinator or of a node holds one, and no name of a file', async () => {
  const found = [...(await filesOfNetwork())].flatMap(([name, bytes]) => [...secretsIn(bytes), ...secretsIn(Buffer.from(name))].map((secret) => `${secret} in ${name}`));
  expect(found).toEqual([]);
});

test('no metric of a node holds one', async () => {
  for (const { url } of stage.network.nodes) {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('shardsend_node_');
    expect(secretsIn(Buffer.from(metrics))).toEqual([]);
  }
});

test('no request holds one, but in the header that is for it', () => {
  const found = proxy.requests.flatMap(({ method, url, headers, body }) => {
    const shown: string[] = [];
    for (let i = 0; i < headers.length; i += 2) if (headers[i]!.toLowerCase() !== 'authorization') shown.push(`${headers[i]}: ${headers[i + 1]}`);
    return secretsIn(Buffer.concat([Buffer.from([method, url, ...shown].join('\n')), ...body])).map((secret) => `${secret} in ${method} ${url}`);
  });
  expect(found).toEqual([]);
});

test('the key itself is in no header at all', () => {
  const all = Buffer.from(proxy.requests.flatMap(({ headers }) => headers).join('\n'));
  expect(
    secretsIn(all).filter((name) => name.startsWith('the secret') || name.startsWith('the content secret') || name.startsWith('the fragment') || name.includes('file name')),
  ).toEqual([]);
});

test('nothing was asked of anybody but the coordinator and the nodes, and no page complained', () => {
  const nodes = stage.network.nodes.map(({ url }) => url);
  const allowed = new Set([stage.origin, ...nodes]);
  const sockets = proxy.requests.filter(({ url }) => url.startsWith('ws:')).map(({ url }) => new URL(url.replace('ws:', 'http:')).origin);
  expect([...browser.origins, ...sockets].filter((origin) => !allowed.has(origin) && origin !== 'null')).toEqual([]);
  // What workers ask for is seen as well.
  expect(nodes.some((node) => browser.origins.has(node))).toBe(true);
  expect(nodes.some((node) => sockets.includes(node))).toBe(true);
  expect(browser.complaints).toEqual([]);
});
