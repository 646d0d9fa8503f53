/** The links of a transfer that was sent: made, limited, revoked, each on its own. docs/protocol.md §7, §10. */
import { hashToken } from '../crypto/index.ts';
import { ID_BYTES, KEY_BYTES, asContentSecret, asLinkSecret, asTransferId, decodeB64, encodeB64, type ContentSecret, type LinkSecret, type TransferId } from '../protocol/bytes.ts';
import { encodeLink } from '../protocol/link.ts';
import type { LinkStatus, NewLink } from '../protocol/messages.ts';
import { TransferApi } from './coordinator-api.ts';
import type { CallOptions } from './coordinator-call.ts';
import type { ClientDeps } from './deps.ts';
import { deriveLinkKeys, sealEnvelope, type PasswordKeySource } from './link-keys.ts';
import type { CreatedLink } from './types.ts';

/** What a sender has kept of a transfer. Byte strings are b64. */
export interface OwnedTransfer {
  /** Origin. */
  readonly coordinator: string;
  readonly transferId: string;
  readonly ownerToken: string;
  readonly contentSecret: string;
}

export interface LinkChoices {
  /** 1 to 1000, or null for unlimited. */
  readonly downloadLimit: number | null;
  /** Left out for a link that opens at once. */
  readonly passwordKey?: PasswordKeySource | undefined;
}

/** Adds a link, while the transfer uploads or is ready. @throws SendError, `too_many_links` among others. */
export async function addLink(owned: OwnedTransfer, choices: LinkChoices, deps: ClientDeps, options?: CallOptions): Promise<CreatedLink & { readonly status: LinkStatus }> {
  const { created, message } = await makeLinkOf(owned, choices, deps);
  return { ...created, status: await putLink(owned, message, deps, options) };
}

/** Has the coordinator know a link; saying the same again changes nothing. @throws SendError, `too_many_links` among others. */
export const putLink = (owned: OwnedTransfer, { linkId, ...terms }: NewLink, deps: ClientDeps, options?: CallOptions): Promise<LinkStatus> =>
  apiOf(owned, deps).addLink(linkId, terms, options);

/** @param secret - of a link that was made before: with the same choices it is the same one. */
export const makeLinkOf = ({ coordinator, transferId, contentSecret }: OwnedTransfer, choices: LinkChoices, deps: ClientDeps, secret?: LinkSecret): Promise<MadeLink> =>
  makeLink(
    { origin: coordinator, transferId: asTransferId(decodeB64(transferId, ID_BYTES)), contentSecret: asContentSecret(decodeB64(contentSecret, KEY_BYTES)) },
    choices,
    deps,
    secret,
  );

/** @throws SendError `conflict` below what was downloaded with it, and when it was revoked. */
export const changeLimit = (owned: OwnedTransfer, linkId: string, downloadLimit: number | null, deps: ClientDeps, options?: CallOptions): Promise<LinkStatus> =>
  apiOf(owned, deps).changeLimit(linkId, downloadLimit, options);

/** Downloads that are under way with it end; other links go on. */
export const revokeLink = (owned: OwnedTransfer, linkId: string, deps: ClientDeps, options?: CallOptions): Promise<LinkStatus> => apiOf(owned, deps).revokeLink(linkId, options);

export interface MadeLink {
  readonly created: CreatedLink;
  /** What the coordinator is told. */
  readonly message: NewLink;
}

/** A link with a secret of its own, not yet known to anybody. */
export async function makeLink(
  { origin, transferId, contentSecret }: { readonly origin: string; readonly transferId: TransferId; readonly contentSecret: ContentSecret },
  { downloadLimit, passwordKey }: LinkChoices,
  deps: ClientDeps,
  secret = asLinkSecret(deps.randomBytes(KEY_BYTES)),
): Promise<MadeLink> {
  const link = { origin, transferId, secret, password: passwordKey !== undefined };
  const keys = await deriveLinkKeys(link, passwordKey);
  const linkId = encodeB64(keys.linkId);
  const envelope = encodeB64(await sealEnvelope(contentSecret, keys.envelopeKey));
  return {
    created: { linkId, link: encodeLink(link), password: link.password },
    message: { linkId, accessHash: encodeB64(hashToken(keys.accessToken)), envelope, password: link.password, downloadLimit },
  };
}

const apiOf = ({ coordinator, transferId, ownerToken }: OwnedTransfer, deps: ClientDeps): TransferApi =>
  new TransferApi(coordinator, asTransferId(decodeB64(transferId, ID_BYTES)), { role: 'owner', token: decodeB64(ownerToken, KEY_BYTES) }, deps);
