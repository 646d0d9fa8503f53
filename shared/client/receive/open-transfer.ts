/** From a link to what it holds, without consuming anything. docs/protocol.md §5, §7, §10. */
import { deriveManifestKey, openManifestText } from '../../crypto/index.ts';
import { ByteReader, KEY_BYTES, decodeB64, encodeB64, type ContentSecret } from '../../protocol/bytes.ts';
import { SendError, asSendError } from '../../protocol/errors.ts';
import { contentBytesOf } from '../../protocol/layout.ts';
import { parseLink, type Link } from '../../protocol/link.ts';
import { parseManifest, type Manifest } from '../../protocol/manifest.ts';
import type { RecipientStatus } from '../../protocol/messages.ts';
import { TransferApi } from '../coordinator-api.ts';
import type { CallOptions } from '../coordinator-call.ts';
import type { ClientDeps } from '../deps.ts';
import { deriveLinkKeys, openEnvelope, type PasswordKeySource } from '../link-keys.ts';
import type { TransferInfo, UploadSeen } from '../types.ts';

export interface OpenTransfer {
  readonly link: Link;
  readonly info: TransferInfo;
  readonly manifest: Manifest;
  readonly status: RecipientStatus;
  readonly contentSecret: ContentSecret;
  readonly api: TransferApi;
}

export interface OpenOptions extends CallOptions {
  /** For a link that asks for a password. */
  readonly passwordKey?: PasswordKeySource | undefined;
}

/** @throws SendError: of the link itself, `password_needed` among it, before any request; then what the coordinator says of the transfer. */
export async function openTransfer(linkText: string, deps: ClientDeps, { passwordKey, ...options }: OpenOptions = {}): Promise<OpenTransfer> {
  const link = parseLink(linkText);
  const { linkId, accessToken, envelopeKey } = await deriveLinkKeys(link, passwordKey);
  const api = new TransferApi(link.origin, link.transferId, { role: 'access', linkId, token: accessToken }, deps);
  // Asked for together: each is a way to the coordinator and back. With a password, each would be a try of its own.
  const early = link.password ? null : api.manifest(null, options);
  early?.catch(() => undefined); // what the status says comes first
  const status = await api.status(null, options);
  if (status.envelope === null) throw new SendError('unavailable', 'the coordinator keeps nothing that this link opens');
  const contentSecret = await openEnvelope(decodeB64(status.envelope), envelopeKey);
  const manifest = parseManifest(await openSealedManifest(await (early ?? api.manifest(null, options)), contentSecret));
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
  return { link, info, manifest, status, contentSecret, api };
}

/** How far the sender is by now. @param bytes - sum of the files' sizes. @throws SendError like `openTransfer`. */
export async function lookAtUpload(linkText: string, bytes: number, deps: ClientDeps, { passwordKey, ...options }: OpenOptions = {}): Promise<UploadSeen | null> {
  const link = parseLink(linkText);
  const { linkId, accessToken } = await deriveLinkKeys(link, passwordKey);
  const api = new TransferApi(link.origin, link.transferId, { role: 'access', linkId, token: accessToken }, deps);
  return uploadOf(await api.status(null, options), bytes);
}

/** Whether the transfer is to be followed: its sender was not done when it was opened. */
export const isLive = ({ status, manifest }: OpenTransfer): boolean => status.state === 'uploading' || manifest.segmentsDigest === null;

/** @param bytes - sum of the files' sizes. */
export function uploadOf({ state, sender, contentBytes, segments }: RecipientStatus, bytes: number): UploadSeen | null {
  if (state !== 'uploading' || sender === null) return null;
  const done = segments.committed === segments.total ? bytes : Math.floor((contentBytes * segments.committed) / segments.total);
  return { sender, doneBytes: Math.min(bytes, done), totalBytes: bytes };
}

/** The manifest as the coordinator has it now. @param claimId - of the download that asks; null before there is one. @throws SendError. */
export const readManifest = async ({ api, contentSecret }: Pick<OpenTransfer, 'api' | 'contentSecret'>, claimId: string | null, options: CallOptions): Promise<Manifest> =>
  parseManifest(await openSealedManifest(await api.manifest(claimId, options), contentSecret));

async function openSealedManifest(sealed: Uint8Array, secret: ContentSecret): Promise<Uint8Array> {
  const reader = new ByteReader(sealed, 'manifest_damaged');
  if (reader.u8() !== 1) throw new SendError('link_version', 'a manifest of a newer version');
  const salt = reader.bytes(KEY_BYTES);
  try {
    return await openManifestText(deriveManifestKey(secret, salt), reader.bytes(reader.left));
  } catch (thrown) {
    throw asSendError(thrown, 'wrong_key', "couldn't open the manifest");
  }
}
