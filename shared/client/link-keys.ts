/** From a link, and the password that it asks for, to what opens it. docs/protocol.md §2, §7. */
import {
  deriveAccessToken,
  deriveEnvelopeKey,
  deriveLinkId,
  deriveLinkKey,
  derivePasswordSalt,
  openContentSecret,
  sealContentSecret,
  stretchPassword as stretch,
  type AccessToken,
  type EnvelopeKey,
  type PasswordKey,
  type StretchOptions,
} from '../crypto/index.ts';
import { asContentSecret, asLinkId, concatBytes, type ContentSecret, type LinkId } from '../protocol/bytes.ts';
import { SendError, asSendError } from '../protocol/errors.ts';
import { PASSWORD_LANES, PASSWORD_MEMORY_KIB, PASSWORD_PASSES } from '../protocol/limits.ts';
import type { Link } from '../protocol/link.ts';
import { throwIfAborted } from './deps.ts';

const ENVELOPE_VERSION = 1;

export type { PasswordKey };

/** The key of the password that somebody knows, for the salt of the link that asks: stretched now, or remembered. */
export type PasswordKeySource = (salt: Uint8Array) => Promise<PasswordKey>;

export interface LinkKeys {
  readonly linkId: LinkId;
  readonly accessToken: AccessToken;
  readonly envelopeKey: EnvelopeKey;
}

/** @throws SendError `password_needed`, and what the source throws. */
export async function deriveLinkKeys({ transferId, secret, password }: Omit<Link, 'origin'>, passwordKey?: PasswordKeySource): Promise<LinkKeys> {
  if (password && passwordKey === undefined) throw new SendError('password_needed');
  const linkKey = deriveLinkKey(secret, password ? await passwordKey!(derivePasswordSalt(secret, transferId)) : null);
  return { linkId: asLinkId(deriveLinkId(secret, transferId)), accessToken: deriveAccessToken(linkKey, transferId), envelopeKey: deriveEnvelopeKey(linkKey, transferId) };
}

/** Seconds of work on this thread, with 64 MiB. @throws SendError `cancelled`. */
export async function stretchPassword(password: string, salt: Uint8Array, options: StretchOptions = {}): Promise<PasswordKey> {
  try {
    return await stretch(password, salt, { memoryKib: PASSWORD_MEMORY_KIB, passes: PASSWORD_PASSES, lanes: PASSWORD_LANES }, options);
  } catch (thrown) {
    throwIfAborted(options.signal);
    throw asSendError(thrown, 'internal', "couldn't stretch the password");
  }
}

/** @returns ENVELOPE_BYTES. */
export async function sealEnvelope(secret: ContentSecret, key: EnvelopeKey): Promise<Uint8Array<ArrayBuffer>> {
  return concatBytes(Uint8Array.of(ENVELOPE_VERSION), await sealContentSecret(key, secret));
}

/** @throws SendError `link_version`; `wrong_key` where the coordinator gives another envelope than the sender sealed. */
export async function openEnvelope(envelope: Uint8Array, key: EnvelopeKey): Promise<ContentSecret> {
  if (envelope[0] !== ENVELOPE_VERSION) throw new SendError('link_version', 'an envelope of a newer version');
  try {
    return asContentSecret(await openContentSecret(key, envelope.subarray(1)));
  } catch (thrown) {
    throw asSendError(thrown, 'wrong_key', "couldn't open the envelope");
  }
}
