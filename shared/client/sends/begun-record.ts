import type { CreatedTransfer } from '../types.ts';
import type { SendRecord } from './send-record.ts';

/** The record of a transfer that was just created, with its one link. @param files - at least one. */
export function recordOf(coordinator: string, created: CreatedTransfer, files: readonly { readonly path: string; readonly bytes: number }[]): SendRecord {
  const { transferId, ownerToken, contentSecret, linkId, link, password, createdAtMs, expiresAtMs } = created;
  return {
    version: 1,
    transferId,
    coordinator,
    ownerToken,
    contentSecret,
    title: files[0]!.path,
    fileCount: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    createdAtMs,
    expiresAtMs,
    links: [{ linkId, link, label: '', password }],
    upload: { state: 'sending' },
    notify: false,
    toldDownloads: 0,
    lastSeen: null,
  };
}
