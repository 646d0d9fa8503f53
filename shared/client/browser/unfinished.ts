/** Uploads of this browser that ended before they were finished: what a page offers to continue. */
import { ID_BYTES, KEY_BYTES, asTransferId, decodeB64 } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import { TransferApi } from '../coordinator-api.ts';
import { webDeps } from '../deps.ts';
import { browserVault } from '../sends/database.ts';
import { forgetSend, isStillUploading, journalled, settleFailed, sweepJournals, unfinishedOf, type SendRecord, type Vault } from '../sends/index.ts';
import type { UnfinishedSend } from '../types.ts';
import { openOrigins } from './file-handles.ts';
import { forgetHandles, keptHandles, withHandles } from './kept-handles.ts';
import { runningUploads } from './upload-lock.ts';
import type { FileToSend } from './worker-messages.ts';

/** Youngest first; none where this browser keeps nothing. */
export async function listUnfinished(): Promise<UnfinishedSend[]> {
  const vault = browserVault();
  try {
    const handles = await sweep(vault);
    const running = await runningUploads();
    const records = (await unfinishedOf(vault)).filter(({ transferId }) => !running.has(transferId));
    return (await Promise.all(records.map((record) => look(vault, record, handles.has(record.transferId))))).filter((found) => found !== null);
  } catch (thrown) {
    if (thrown instanceof SendError && thrown.code === 'record_unsaved') return [];
    throw thrown;
  }
}

/**
 * The files of an upload again, without choosing them. To be called on a click: the browser asks the person.
 *
 * @returns null where it keeps no handles, the person refuses, or a file is gone.
 */
export async function reopenFiles(transferId: string): Promise<FileToSend[] | null> {
  const kept = await keptHandles(transferId).catch(() => null); // a store that does not answer keeps none
  const files = kept && (await openOrigins(kept));
  return files && kept.map(({ path, root, inside }, i) => ({ path, file: files[i]!, origin: { root, inside } }));
}

/** @returns transfers whose files can be opened again. */
async function sweep(vault: Vault): Promise<Set<string>> {
  await sweepJournals(vault, Date.now());
  const handles = await withHandles(); // before the journals: an upload that begins now has its journal first
  const resumable = await journalled(vault);
  for (const transferId of handles) if (!resumable.has(transferId)) await forgetHandles(transferId);
  return handles;
}

/** Withdraws an upload instead of continuing it. @throws SendError. */
export async function giveUpUnfinished(transferId: string): Promise<void> {
  const vault = browserVault();
  const record = (await unfinishedOf(vault)).find((each) => each.transferId === transferId);
  if (record !== undefined) await apiOf(record).revoke();
  await forgetSend(vault, transferId);
  await forgetHandles(transferId).catch(() => undefined); // swept later
}

/** @returns null for one that was finished, or has ended meanwhile. */
async function look(vault: Vault, record: SendRecord, hasHandles: boolean): Promise<UnfinishedSend | null> {
  const { transferId, title, fileCount, bytes } = record;
  const shown = { transferId, title, fileCount, bytes, hasHandles };
  try {
    const status = await apiOf(record).ownerStatus({ patienceMs: 0 });
    const { committed, total } = status.segments;
    return (await isStillUploading(vault, status)) ? { ...shown, storedPart: committed / total } : null;
  } catch (thrown) {
    return (await settleFailed(vault, transferId, thrown)) ? { ...shown, storedPart: null } : null;
  }
}

const apiOf = ({ coordinator, transferId, ownerToken }: SendRecord): TransferApi =>
  new TransferApi(coordinator, asTransferId(decodeB64(transferId, ID_BYTES)), { role: 'owner', token: decodeB64(ownerToken, KEY_BYTES) }, webDeps());
