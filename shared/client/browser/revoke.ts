/** Withdrawing from a page: one request, which needs no worker. */
import { ID_BYTES, KEY_BYTES, asTransferId, decodeB64 } from '../../protocol/bytes.ts';
import type { SendError } from '../../protocol/errors.ts';
import { TransferApi } from '../coordinator-api.ts';
import { webDeps } from '../deps.ts';
import { fromPlainError, toPlainError } from './worker-messages.ts';

/** @param transferId - b64. @param ownerToken - b64. */
export async function revokeTransfer(coordinator: string, transferId: string, ownerToken: string): Promise<{ ok: true } | { ok: false; error: SendError }> {
  try {
    const owner = { role: 'owner', token: decodeB64(ownerToken, KEY_BYTES) } as const;
    await new TransferApi(coordinator, asTransferId(decodeB64(transferId, ID_BYTES)), owner, webDeps()).revoke();
    return { ok: true };
  } catch (thrown) {
    return { ok: false, error: fromPlainError(toPlainError(thrown)) };
  }
}
