/** What a machine keeps of an upload from its first byte to its end. */
import { SendError, type ErrorCode } from '../../protocol/errors.ts';
import type { OwnerStatus } from '../../protocol/messages.ts';
import type { CreatedTransfer } from '../types.ts';
import type { SendRecord } from './send-record.ts';
import { VaultSendStore } from './send-store.ts';
import { VaultJournal, journalled, resumable } from './vault-journal.ts';
import type { Vault } from './vault.ts';

/** @throws SendError `record_unreadable` where no link of it is kept. */
export function createdOf({ transferId, ownerToken, contentSecret, links, createdAtMs, expiresAtMs }: SendRecord): CreatedTransfer {
  const [first] = links;
  if (first === undefined) throw new SendError('record_unreadable', 'no link of this transfer is kept');
  const { linkId, link, password } = first;
  return { linkId, link, password, transferId, ownerToken, contentSecret, createdAtMs, expiresAtMs };
}

/** Whether anything can be kept at all: a home, or a browser, that keeps nothing must not keep anybody from sending. */
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

/** Those that can be resumed, youngest first. */
export async function unfinishedOf(vault: Vault): Promise<SendRecord[]> {
  const whole = await resumable(vault);
  return (await new VaultSendStore(vault).list()).filter(({ transferId, upload }) => upload !== null && whole.has(transferId));
}

/** A journal begins before its record is kept, by less than this. */
const ORPHAN_AFTER_MS = 3600_000;

/** Removes journals that nobody resumes: a program ended between journal and record, or between record and journal. */
export async function sweepJournals(vault: Vault, nowMs: number): Promise<void> {
  const wanted = new Set<string>();
  const known = await new VaultSendStore(vault).list((unreadable) => wanted.add(unreadable));
  for (const { transferId, upload } of known) if (upload !== null) wanted.add(transferId);
  const ended = new Set(known.map(({ transferId }) => transferId));
  for (const transferId of await journalled(vault)) {
    const journal = new VaultJournal(vault, transferId);
    if (wanted.has(transferId) || (!ended.has(transferId) && (await isYoung(journal, nowMs)))) continue;
    await journal.remove();
  }
}

async function isYoung(journal: VaultJournal, nowMs: number): Promise<boolean> {
  try {
    const begunAtMs = (await journal.load())?.plan.begunAtMs ?? 0;
    return nowMs - begunAtMs < ORPHAN_AFTER_MS;
  } catch (thrown) {
    if (thrown instanceof SendError && thrown.code === 'record_unreadable') return true; // another version's
    throw thrown;
  }
}

/** The upload was paused, or goes on. One that is over stays that. */
export async function markUpload(vault: Vault, transferId: string, state: 'sending' | 'paused'): Promise<void> {
  await new VaultSendStore(vault).update(transferId, (record) => ({ ...record, upload: record.upload && { state } }));
}

/**
 * Whether an upload that this machine takes for unfinished is so: a machine that died with the last answer on its way
 * knows no better, and giving up what is finished would withdraw it.
 */
export async function isStillUploading(vault: Vault, { transferId, state }: Pick<OwnerStatus, 'transferId' | 'state'>): Promise<boolean> {
  if (state === 'uploading') return true;
  await settleFinished(vault, transferId);
  return false;
}

/** The upload is over: the record stays and no longer says that something is to be done. */
async function markFinished(vault: Vault, transferId: string): Promise<void> {
  await new VaultSendStore(vault).update(transferId, (record) => ({
    ...record,
    upload: null,
    lastSeen: record.lastSeen?.state === 'uploading' ? { ...record.lastSeen, state: 'ready' } : record.lastSeen,
  }));
  await new VaultJournal(vault, transferId).remove();
}

/** As `markFinished`. What is sent stays sent, whatever can be written down of it: the coordinator, asked later, says the same. */
export const settleFinished = (vault: Vault, transferId: string): Promise<void> => markFinished(vault, transferId).catch(() => undefined);

/** The transfer was withdrawn: nothing of it is kept. */
export const forgetSend = (vault: Vault, transferId: string): Promise<void> => new VaultSendStore(vault).remove(transferId);

/**
 * Keeps what can be resumed, and no more, of an upload that ended with an error. Never throws: that error is what
 * whoever sends has to hear of.
 *
 * @returns whether it can be resumed, as far as anybody can tell.
 */
export async function settleFailed(vault: Vault, transferId: string, thrown: unknown): Promise<boolean> {
  const isOver = thrown instanceof SendError && OVER.has(thrown.code);
  // Sending takes the journal away with the transfer. One that cannot be read may be there.
  const canResume =
    !isOver &&
    (await new VaultJournal(vault, transferId).load().then(
      (known) => known !== null,
      () => true,
    ));
  const settled = isOver ? markFinished(vault, transferId) : canResume ? markUpload(vault, transferId, 'paused') : forgetSend(vault, transferId);
  await settled.catch(() => undefined); // the coordinator knows what cannot be written
  return canResume;
}

/** The transfer has ended, whatever the sender does. */
const OVER: ReadonlySet<ErrorCode> = new Set(['transfer_expired', 'transfer_used_up', 'transfer_revoked', 'transfer_unknown']);
