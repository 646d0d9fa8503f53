/** An identity as a machine keeps it: its entropy, sealed under a password that only its person knows. docs/protocol.md §14, at rest. */
import * as v from 'valibot';
import { OpenError, asEntropy, importBoxKey, openIdentityBox, sealIdentityBox, type Entropy, type PasswordKey } from '../../crypto/index.ts';
import { ID_BYTES, KEY_BYTES, decodeB64, encodeB64 } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import { b64 } from '../../protocol/fields.ts';
import type { ClientDeps } from '../deps.ts';
import { Identity } from './identity.ts';

/** Version, nonce, entropy, tag. */
const BOX_BYTES = 1 + 12 + KEY_BYTES + 16;

export const lockedIdentitySchema = v.object({ version: v.literal(1), accountId: b64(KEY_BYTES), salt: b64(ID_BYTES), box: b64(BOX_BYTES) });
export type LockedIdentity = v.InferOutput<typeof lockedIdentitySchema>;

/** Makes a key of a password; takes seconds. @param salt - 16 bytes. */
export type Stretch = (password: string, salt: Uint8Array) => Promise<PasswordKey>;

export async function lockIdentity(entropy: Entropy, password: string, stretch: Stretch, { randomBytes }: Pick<ClientDeps, 'randomBytes'>): Promise<LockedIdentity> {
  const salt = randomBytes(ID_BYTES);
  const key = await importBoxKey(Uint8Array.from(await stretch(password, salt)));
  const { accountId } = await Identity.from(entropy);
  return { version: 1, accountId, salt: encodeB64(salt), box: encodeB64(await sealIdentityBox(key, entropy)) };
}

/** @throws SendError `unlock_failed` for another password, and for what was changed since. */
export async function unlockIdentity({ salt, box }: LockedIdentity, password: string, stretch: Stretch): Promise<Entropy> {
  const key = await importBoxKey(Uint8Array.from(await stretch(password, decodeB64(salt, ID_BYTES))));
  try {
    return asEntropy(await openIdentityBox(key, decodeB64(box, BOX_BYTES)));
  } catch (thrown) {
    if (thrown instanceof OpenError) throw new SendError('unlock_failed', 'the box does not open', { cause: thrown });
    throw thrown;
  }
}
