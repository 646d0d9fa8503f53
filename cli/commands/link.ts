/** `shardsend link`: the links of what was sent from this machine, each on its own. */
import { parseArgs } from 'node:util';
import { addKeptLink, changeKeptLimit, revokeKeptLink, stretchPassword } from '../../shared/client/index.ts';
import { MAX_LABEL_CHARACTERS, withLabel } from '../../shared/client/sends/index.ts';
import { nodeDeps } from '../deps.ts';
import { SHARDSEND } from '../invocation.ts';
import { PASSWORD_OPTION, readPassword } from '../password.ts';
import { SendError } from '../../shared/protocol/index.ts';
import { EXIT_OK, print, printJson, reportFailure } from '../report.ts';
import { chooseLink } from '../sends/choose-link.ts';
import { chooseSend } from '../sends/choose-send.ts';
import { folderSendStore, stateFolder } from '../sends/folder-boxes.ts';
import { parseDownloads, UsageError } from '../values.ts';

export const linkHelp = `${SHARDSEND} link add TRANSFER [options]
${SHARDSEND} link label TRANSFER LINK --label TEXT
${SHARDSEND} link limit TRANSFER LINK --downloads N
${SHARDSEND} link revoke TRANSFER LINK

Adds a link to a transfer that was sent from this machine and prints it; calls one otherwise; changes how many downloads
one allows; revokes one, while the others go on. Where add got no answer, the same again makes no second link. TRANSFER
is its id, the beginning of its id, or a link of it. LINK is the link's id, the beginning of its id, its label, or the
link itself, which then stands for TRANSFER too.

  --label TEXT          what you call the link, '' for nothing; it stays on this machine
  --downloads N         1 to 1000, or unlimited, which a new link is unless given
  --password-file FILE  the new link opens only together with the password in FILE, or in the standard input for -;
                        else with $SHARDSEND_PASSWORD, where that is set. Tell it by another way than the link
  --json                add prints {"transferId","linkId","link","label","password","downloads"}; label
                        {"transferId","linkId","label"}; limit and revoke {"transferId","linkId","state","downloads"},
                        downloads as {"limit","committed"}`;

const JSON_OPTION = { json: { type: 'boolean', default: false } } as const;
const DOWNLOADS_OPTION = { downloads: { type: 'string' } } as const;

const actions: Readonly<Record<string, (args: string[]) => Promise<number>>> = { add, label, limit, revoke };

export async function runLink([name = '', ...args]: string[]): Promise<number> {
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined) throw new UsageError('link takes add, label, limit or revoke');
  return action(args);
}

async function add(args: string[]): Promise<number> {
  const options = { ...JSON_OPTION, ...DOWNLOADS_OPTION, ...PASSWORD_OPTION, label: { type: 'string', default: '' } } as const;
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options });
  const downloadLimit = parseDownloads(values.downloads ?? 'unlimited');
  const text = parseLabel(values.label);
  const store = folderSendStore(stateFolder(process.env));
  const record = await chooseSend(store, positionals);
  const password = await readPassword(values['password-file']);
  const passwordKey = password === undefined ? undefined : (salt: Uint8Array) => stretchPassword(password, salt);
  try {
    const { linkId, link, password: asks, status } = await addKeptLink(store, record, { label: text, downloadLimit, passwordKey }, nodeDeps());
    const { limit: allowed, committed } = status.downloads;
    if (values.json) await printJson({ transferId: record.transferId, linkId, link, label: text, password: asks, downloads: { limit: allowed, committed } });
    else {
      process.stderr.write(`This link opens it too${asks ? ', together with the password' : ''}:\n`);
      await print(link);
    }
    return EXIT_OK;
  } catch (error) {
    return reportFailure(error, values.json);
  }
}

async function label(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { ...JSON_OPTION, label: { type: 'string' } } });
  if (values.label === undefined) throw new UsageError('--label says what to call the link');
  const text = parseLabel(values.label);
  const { store, record, linkId } = await chooseBoth(positionals);
  const { transferId } = record;
  try {
    if ((await store.update(transferId, (before) => withLabel(before, linkId, text))) === null) throw new SendError('record_unsaved', 'the transfer is no longer in the list');
    if (values.json) await printJson({ transferId, linkId, label: text });
    else process.stderr.write('The label was changed.\n');
    return EXIT_OK;
  } catch (error) {
    return reportFailure(error, values.json);
  }
}

function parseLabel(text: string): string {
  const label = text.trim();
  if (label.length > MAX_LABEL_CHARACTERS) throw new UsageError(`--label takes at most ${MAX_LABEL_CHARACTERS} characters`);
  return label;
}

async function limit(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { ...JSON_OPTION, ...DOWNLOADS_OPTION } });
  if (values.downloads === undefined) throw new UsageError('--downloads says how many the link allows, or unlimited');
  const downloadLimit = parseDownloads(values.downloads);
  const { store, record, linkId } = await chooseBoth(positionals);
  try {
    const { state, downloads } = await changeKeptLimit(store, record, linkId, downloadLimit, nodeDeps());
    const { limit: allowed, committed } = downloads;
    if (values.json) await printJson({ transferId: record.transferId, linkId, state, downloads: { limit: allowed, committed } });
    else process.stderr.write(`Changed: ${committed} of ${allowed ?? 'any number of'} downloads were made with it.\n`);
    return EXIT_OK;
  } catch (error) {
    return reportFailure(error, values.json);
  }
}

async function revoke(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: JSON_OPTION });
  const { store, record, linkId } = await chooseBoth(positionals);
  try {
    const status = await revokeKeptLink(store, record, linkId, nodeDeps());
    const { limit: allowed, committed } = status?.downloads ?? { limit: null, committed: 0 };
    if (values.json) await printJson({ transferId: record.transferId, linkId, state: status?.state ?? 'revoked', downloads: { limit: allowed, committed } });
    else process.stderr.write('Revoked: this link no longer works. Any other link of the transfer goes on.\n');
    return EXIT_OK;
  } catch (error) {
    return reportFailure(error, values.json);
  }
}

async function chooseBoth(words: readonly string[]) {
  if (words.length === 0 || words.length > 2) throw new UsageError('say one transfer and one link of it');
  const store = folderSendStore(stateFolder(process.env));
  const record = await chooseSend(store, words.slice(0, 1));
  return { store, record, linkId: chooseLink(record, words.at(-1)!).linkId };
}
