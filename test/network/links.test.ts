/** Links of one transfer, with passwords and without, through the command and a real network; and what the coordinator has of them afterwards. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeDeps } from '../../cli/deps.ts';
import { addLink, changeLimit, openTransfer, receiveTransfer, revokeLink, stretchPassword, type OwnedTransfer, type PasswordKeySource } from '../../shared/client/index.ts';
import { deriveLinkKeys } from '../../shared/client/link-keys.ts';
import { deriveLinkKey, derivePasswordSalt } from '../../shared/crypto/index.ts';
import { decodeB64, encodeB64, parseLink } from '../../shared/protocol/index.ts';
import { FaultNetwork } from '../support/fault-network.ts';
import { MemorySink, memoryFile, noise, receive, send } from '../support/memory-files.ts';
import { runCommand, type CommandResult } from '../support/network.ts';

const PASSWORD = 'Grünkohl & Pinkel 77';
const deps = nodeDeps();
const content = noise(1, 300_000);

let network: FaultNetwork;
beforeAll(async () => {
  network = await FaultNetwork.start({ nodes: 3 });
});
afterAll(() => network?.stop());

const keyOf =
  (password: string): PasswordKeySource =>
  (salt) =>
    stretchPassword(password, salt);
const errorOf = ({ code, stdout }: CommandResult): string => `${code} ${(JSON.parse(stdout) as { error: { code: string } }).error.code}`;

async function own(downloadLimit: number | null = null): Promise<OwnedTransfer & { readonly link: string; readonly linkId: string }> {
  const sent = await send(network.origin, [memoryFile('file.bin', content)], deps, { downloadLimit });
  return { coordinator: network.origin, ...sent };
}

describe('a link with a password', () => {
  let link: string;
  let file: string;
  let said: string;
  beforeAll(async () => {
    const folder = await network.newFolder();
    file = path.join(folder, 'letter.txt');
    await writeFile(file, content);
    const passwordFile = path.join(folder, 'password');
    await writeFile(passwordFile, `${PASSWORD}\n`);
    const sent = await runCommand(['send', file, '--coordinator', network.origin, '--password-file', passwordFile]);
    said = sent.stderr;
    link = sent.stdout.trim();
  });

  const get = async (options: Parameters<typeof runCommand>[1], ...args: string[]): Promise<CommandResult & { readonly out: string }> => {
    const out = await network.newFolder();
    return { ...(await runCommand(['get', link, '--json', '--out', out, ...args], options)), out };
  };

  test('is said to ask for one, and nothing shows it', () => {
    expect(said).toContain('together with the password');
    expect(said + link).not.toContain(PASSWORD);
  });

  test('opens with it, from a pipe or the environment, however its letters are composed', async () => {
    for (const arrived of [await get({ input: `${PASSWORD}\n` }, '--password-file', '-'), await get({ env: { SHARDSEND_PASSWORD: PASSWORD.normalize('NFD') } })]) {
      expect(arrived.code).toBe(0);
      expect((await readFile(path.join(arrived.out, 'letter.txt'))).equals(content)).toBe(true);
    }
  });

  test('without it, and with another, says so and leaves nothing behind', async () => {
    const [none, wrong] = [await get({}), await get({ env: { SHARDSEND_PASSWORD: 'Grünkohl' } })];
    expect([errorOf(none), errorOf(wrong)]).toEqual(['1 password_needed', '1 wrong_password']);
    expect(none.stdout).toContain('--password-file');
    expect([await readdir(none.out), await readdir(wrong.out)]).toEqual([[], []]);
  });

  test('is deaf for a while after many wrong ones, and the command says for how long', async () => {
    const { transferId, secret } = parseLink(link);
    const { linkId } = await deriveLinkKeys({ transferId, secret, password: false });
    const guess = () =>
      fetch(`${network.origin}/api/transfers/${encodeB64(transferId)}`, { headers: { Authorization: `Shardsend-Access ${encodeB64(linkId)}.${encodeB64(deps.randomBytes(32))}` } });
    for (let i = 0; i < 5; i++) await (await guess()).text();
    const said = await runCommand(['get', link, '--out', await network.newFolder()], { env: { SHARDSEND_PASSWORD: PASSWORD } });
    expect(said).toMatchObject({ code: 1, stdout: '' });
    expect(said.stderr).toMatch(/Too many wrong passwords .* The next try is heard in \d+ s\./);
  });

  test('and a password that cannot be one is wrong usage', async () => {
    expect(await runCommand(['send', file, '--coordinator', network.origin], { env: { SHARDSEND_PASSWORD: 'two\nlines' } })).toMatchObject({ code: 2, stdout: '' });
    expect(await runCommand(['get', link, '--password-file', path.join(file, 'none')])).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('several links of one transfer', () => {
  test('open the same files, each as often as it may, and each is revoked for itself', async () => {
    const owned = await own(1);
    const open = await addLink(owned, { downloadLimit: null }, deps);
    const locked = await addLink(owned, { downloadLimit: 2, passwordKey: keyOf(PASSWORD) }, deps);
    expect([open.password, locked.password, parseLink(locked.link).password]).toEqual([false, true, true]);
    for (const link of [owned.link, open.link]) expect((await receive(link, deps)).files.get('file.bin')!.equals(content)).toBe(true);
    await expect(receive(owned.link, deps)).rejects.toMatchObject({ code: 'transfer_used_up' });

    const sink = new MemorySink();
    await receiveTransfer(await openTransfer(locked.link, deps, { passwordKey: keyOf(PASSWORD) }), sink, {}, deps);
    expect(sink.files.get('file.bin')!.equals(content)).toBe(true);
    expect(await changeLimit(owned, locked.linkId, 1, deps)).toMatchObject({ state: 'used_up', downloads: { limit: 1, committed: 1 } });

    expect(await revokeLink(owned, open.linkId, deps)).toMatchObject({ state: 'revoked' });
    await expect(receive(open.link, deps)).rejects.toMatchObject({ code: 'transfer_revoked' });
  });

  test('are revoked under a download’s feet, and another one’s goes on', async () => {
    const owned = await own();
    const other = await addLink(owned, { downloadLimit: null }, deps);
    const revokedFirst = new MemorySink(async () => void (await revokeLink(owned, owned.linkId, deps)));
    await expect(receive(owned.link, deps, revokedFirst)).rejects.toMatchObject({ code: 'transfer_revoked' });
    expect((await receive(other.link, deps)).files.get('file.bin')!.equals(content)).toBe(true);
  });
});

/** Everything that it wrote: databases and log. */
async function bytesOfCoordinator(): Promise<Buffer> {
  const entries = await readdir(network.coordinator.dataDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Buffer.concat(await Promise.all(files.map((entry) => readFile(path.join(entry.parentPath, entry.name)))));
}

test('the coordinator holds neither a password nor any secret of a link or of the content', async () => {
  const owned = await own();
  const locked = await addLink(owned, { downloadLimit: null, passwordKey: keyOf(PASSWORD) }, deps);
  await expect(openTransfer(locked.link, deps, { passwordKey: keyOf('Grünkohl') })).rejects.toMatchObject({ code: 'wrong_password' });
  const { contentSecret } = await openTransfer(locked.link, deps, { passwordKey: keyOf(PASSWORD) });
  expect(encodeB64(contentSecret)).toBe(owned.contentSecret);

  const { transferId, secret } = parseLink(locked.link);
  const passwordKey = await stretchPassword(PASSWORD, derivePasswordSalt(secret, transferId));
  const { accessToken, envelopeKey } = await deriveLinkKeys({ transferId, secret, password: true }, async () => passwordKey);
  const secrets = [
    Buffer.from(PASSWORD),
    contentSecret,
    secret,
    parseLink(owned.link).secret,
    decodeB64(owned.ownerToken),
    passwordKey,
    deriveLinkKey(secret, passwordKey),
    accessToken,
    envelopeKey,
  ].flatMap((bytes) => [Buffer.from(bytes), Buffer.from(encodeB64(bytes)), Buffer.from(Buffer.from(bytes).toString('hex'))]);
  const written = await bytesOfCoordinator();
  expect(written.includes(locked.linkId), 'the search finds what is there').toBe(true);
  expect(secrets.filter((text) => written.includes(text)).map(String)).toEqual([]);
});
