/** The manifest as the coordinator keeps it: sealed under a fresh salt. docs/protocol.md §5. */
import { deriveManifestKey, sealManifestText } from '../../crypto/index.ts';
import { concatBytes, KEY_BYTES, type ContentSecret } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import { MAX_MANIFEST_BYTES } from '../../protocol/limits.ts';
import { encodeManifest, type Manifest } from '../../protocol/manifest.ts';

/** @throws SendError `too_many_files`. */
export async function sealManifest(manifest: Manifest, secret: ContentSecret, randomBytes: (length: number) => Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const salt = randomBytes(KEY_BYTES);
  const sealed = concatBytes(Uint8Array.of(1), salt, await sealManifestText(deriveManifestKey(secret, salt), encodeManifest(manifest)));
  if (sealed.length > MAX_MANIFEST_BYTES) throw new SendError('too_many_files', 'the list of files is too long');
  return sealed;
}
