/** Uploads of this machine that ended before they were finished, and which of them a command line means. */
import path from 'node:path';
import { VaultJournal, VaultSendStore, type SendRecord, type Vault } from '../../shared/client/sends/index.ts';
import type { CreatedTransfer } from '../../shared/client/index.ts';
import { SendError } from '../../shared/protocol/index.ts';
import { UsageError } from '../values.ts';
import { forgetSources, readKeptSources } from './upload-sources.ts';

/** @throws SendError `record_unreadable` where no link of it is kept. */
export function createdOf({ transferId, ownerToken, contentSecret, links, createdAtMs, expiresAtMs }: SendRecord): CreatedTransfer {
  const [first] = links;
  if (first === undefined) throw new SendError('record_unreadable', 'no link of this transfer is kept');
  const { linkId, link, password } = first;
  return { linkId, link, password, transferId, ownerToken, contentSecret, createdAtMs, expiresAtMs };
}

/** Whether anything can be kept at all: a home that cannot be written to must not keep anybody from sending. */
export async function canKeep(vault: Vault): Promise<boolean> {
  try {
    await vault.write('probe', new Uint8Array(1));
    await vault.remove('probe');
    return true;
  } catch (thrown) {
    if (thrown instanceof SendError && thrown.code === 'record_unsaved') return false;
    throw thrown;
  }
}

export const unfinishedOf = async (vault: Vault): Promise<SendRecord[]> => (await new VaultSendStore(vault).list()).filter(({ upload }) => upload !== null);

/**
 * @param word - a transfer's id, or a link of it; left out, the only one.
 * @throws UsageError where that says nothing, or not which.
 */
export async function chooseUnfinished(vault: Vault, word: string | undefined): Promise<SendRecord> {
  const all = await unfinishedOf(vault);
  const chosen = word === undefined ? all : all.filter(({ transferId, links }) => transferId === word || links.some(({ link }) => link === word));
  if (chosen.length === 1) return chosen[0]!;
  if (all.length === 0) throw new UsageError('there is no unfinished send on this machine');
  const list = all.map(({ transferId, title, createdAtMs }) => `  ${transferId}  ${title}, begun ${new Date(createdAtMs).toLocaleString()}`);
  throw new UsageError(`say which send to resume:\n${list.join('\n')}`);
}

/** Unfinished sends of exactly these files. @param args - as on the command line. */
export async function unfinishedOfSources(vault: Vault, args: readonly string[]): Promise<SendRecord[]> {
  const wanted = args.map((arg) => path.resolve(arg)).join('\n');
  const all = await unfinishedOf(vault);
  const sources = await Promise.all(all.map(({ transferId }) => readKeptSources(vault, transferId)));
  return all.filter((_, i) => sources[i]?.join('\n') === wanted);
}

/** The upload is over: the record stays and no longer says that something is to be done. */
export async function markFinished(vault: Vault, transferId: string): Promise<void> {
  await new VaultSendStore(vault).update(transferId, (record) => ({ ...record, upload: null }));
  await new VaultJournal(vault, transferId).remove();
  await forgetSources(vault, transferId);
}

/** The transfer was withdrawn: nothing of it is kept. */
export async function forgetSend(vault: Vault, transferId: string): Promise<void> {
  await new VaultJournal(vault, transferId).remove();
  await forgetSources(vault, transferId);
  await new VaultSendStore(vault).remove(transferId);
}
