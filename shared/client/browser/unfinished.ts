/** Uploads of this browser that ended before they were finished: what a page offers to continue. */
import { ID_BYTES, KEY_BYTES, asTransferId, decodeB64 } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import { TransferApi } from '../coordinator-api.ts';
import { webDeps } from '../deps.ts';
import { browserVault } from '../sends/database.ts';
import { forgetSend, isStillUploading, settleFailed, unfinishedOf, type SendRecord, type Vault } from '../sends/index.ts';
import type { UnfinishedSend } from '../types.ts';
import { runningUploads } from './upload-lock.ts';

/** Youngest first; none where this browser keeps nothing. */
export async function listUnfinished(): Promise<UnfinishedSend[]> {
  const vault = browserVault();
  try {
    const running = await runningUploads();
    const records = (await unfinishedOf(vault)).filter(({ transferId }) => !running.has(transferId));
    return (await Promise.all(records.map((record) => look(vault, record)))).filter((found) => found !== null);
  } catch (thrown) {
    if (thrown instanceof SendError && thrown.code === 'record_unsaved') return [];
    throw thrown;
  }
}

/** Withdraws an upload instead of continuing it. @throws SendError. */
export async function giveUpUnfinished(transferId: string): Promise<void> {
  const vault = browserVault();
  const record = (await unfinishedOf(vault)).find((each) => each.transferId === transferId);
  if (record !== undefined) await apiOf(record).revoke();
  await forgetSend(vault, transferId);
}

/** @returns null for one that was finished, or has ended meanwhile. */
async function look(vault: Vault, record: SendRecord): Promise<UnfinishedSend | null> {
  const { transferId, title, fileCount, bytes } = record;
  const shown = { transferId, title, fileCount, bytes };
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
