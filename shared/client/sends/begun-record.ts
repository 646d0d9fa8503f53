import type { BegunSend } from '../types.ts';
import type { SendRecord } from './send-record.ts';

/** The record of a transfer that was just begun, with its one link. @param files - at least one. */
export function recordOf(begun: BegunSend, files: readonly { readonly path: string; readonly bytes: number }[], nowMs: number): SendRecord {
  const { coordinator, transferId, ownerToken, contentSecret, link, expiresAtMs } = begun;
  return {
    version: 1,
    transferId,
    coordinator,
    ownerToken,
    contentSecret,
    title: files[0]!.path,
    fileCount: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    createdAtMs: nowMs,
    expiresAtMs,
    links: [{ linkId: transferId, link, label: '', password: false }],
    upload: { state: 'sending' },
    notify: false,
    toldDownloads: 0,
    lastSeen: null,
  };
}
