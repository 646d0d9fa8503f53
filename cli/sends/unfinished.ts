/** Uploads of this machine that ended before they were finished, and which of them a command line means. */
import path from 'node:path';
import { VaultSendStore, resumable, unfinishedOf, type SendRecord, type Vault } from '../../shared/client/sends/index.ts';
import { UsageError } from '../values.ts';
import { readKeptSources } from './upload-sources.ts';

export interface Unfinished {
  readonly record: SendRecord;
  /** Without its journal nobody can go on with it; it may have been finished without this machine hearing of it. */
  readonly hasJournal: boolean;
}

/**
 * @param word - a transfer's id, or a link of it; left out, the only one.
 * @throws UsageError where that says nothing, or not which.
 */
export async function chooseUnfinished(vault: Vault, word: string | undefined): Promise<Unfinished> {
  const whole = await resumable(vault);
  const known = (await new VaultSendStore(vault).list()).filter(({ upload }) => upload !== null);
  const going = known.filter(({ transferId }) => whole.has(transferId));
  const all = going.length > 0 && word === undefined ? going : known;
  const chosen = word === undefined ? all : all.filter(({ transferId, links }) => transferId === word || links.some(({ link }) => link === word));
  const [record] = chosen;
  if (record !== undefined && chosen.length === 1) return { record, hasJournal: whole.has(record.transferId) };
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
