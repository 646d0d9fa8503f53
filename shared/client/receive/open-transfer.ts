/** From a link to what it holds, without consuming anything. docs/protocol.md §5, §7, §10. */
import { deriveAccessToken, deriveManifestKey, openManifestText } from '../../crypto/index.ts';
import { ByteReader, KEY_BYTES, encodeB64 } from '../../protocol/bytes.ts';
import { SendError, asSendError } from '../../protocol/errors.ts';
import { contentBytesOf } from '../../protocol/layout.ts';
import { parseLink, type Link } from '../../protocol/link.ts';
import { parseManifest, type Manifest } from '../../protocol/manifest.ts';
import type { Status } from '../../protocol/messages.ts';
import { TransferApi, type CallOptions } from '../coordinator-api.ts';
import type { ClientDeps } from '../deps.ts';
import type { TransferInfo, UploadSeen } from '../types.ts';

export interface OpenTransfer {
  readonly link: Link;
  readonly info: TransferInfo;
  readonly manifest: Manifest;
  readonly status: Status;
  readonly api: TransferApi;
}

/** @throws SendError: of the link itself before any request; then what the coordinator says of the transfer. */
export async function openTransfer(linkText: string, deps: ClientDeps, options?: CallOptions): Promise<OpenTransfer> {
  const link = parseLink(linkText);
  const api = new TransferApi(link.origin, link.transferId, { role: 'access', token: deriveAccessToken(link.secret, link.transferId) }, deps);
  const sealed = api.manifest(options); // asked for together: each is a way to the coordinator and back
  sealed.catch(() => undefined); // what the status says comes first
  const status = await api.status(options);
  const manifest = parseManifest(await openSealedManifest(await sealed, link));
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  if (contentBytesOf(bytes) !== status.contentBytes || manifest.segmentCount !== status.segments.total) {
    throw new SendError('manifest_damaged', 'the manifest is of another transfer');
  }
  const { limit, committed } = status.downloads;
  const info: TransferInfo = {
    transferId: encodeB64(link.transferId),
    kind: manifest.kind ?? 'files',
    files: manifest.files,
    bytes,
    expiresAtMs: status.expiresAtMs,
    downloadsLeft: limit === null ? null : Math.max(0, limit - committed),
    upload: uploadOf(status, bytes),
  };
  return { link, info, manifest, status, api };
}

/** Whether the transfer is to be followed: its sender was not done when it was opened. */
export const isLive = ({ status, manifest }: OpenTransfer): boolean => status.state === 'uploading' || manifest.segmentsDigest === null;

/** @param bytes - sum of the files' sizes. */
export function uploadOf({ state, sender, contentBytes, segments }: Status, bytes: number): UploadSeen | null {
  if (state !== 'uploading' || sender === null) return null;
  const done = segments.committed === segments.total ? bytes : Math.floor((contentBytes * segments.committed) / segments.total);
  return { sender, doneBytes: Math.min(bytes, done), totalBytes: bytes };
}

/** The manifest as the coordinator has it now. @throws SendError. */
export const readManifest = async ({ api, link }: Pick<OpenTransfer, 'api' | 'link'>, options: CallOptions): Promise<Manifest> =>
  parseManifest(await openSealedManifest(await api.manifest(options), link));

async function openSealedManifest(sealed: Uint8Array, { secret }: Link): Promise<Uint8Array> {
  const reader = new ByteReader(sealed, 'manifest_damaged');
  if (reader.u8() !== 1) throw new SendError('link_version', 'a manifest of a newer version');
  const salt = reader.bytes(KEY_BYTES);
  try {
    return await openManifestText(deriveManifestKey(secret, salt), reader.bytes(reader.left));
  } catch (thrown) {
    throw asSendError(thrown, 'wrong_key', "couldn't open the manifest");
  }
}
