/** Who asks: tokens from the `Authorization` header, hashed at once. docs/protocol.md §2, §10. */
import { hashToken } from '../../shared/crypto/keys.ts';
import { asLinkId, asTransferId, decodeB64, ID_BYTES, KEY_BYTES } from '../../shared/protocol/bytes.ts';
import { SendError, type ErrorCode } from '../../shared/protocol/errors.ts';

/** A token's holder, as objects get to know them: by the token's hash. */
export interface Owner {
  readonly role: 'owner';
  /** 32 bytes. */
  readonly hash: Uint8Array;
}
export interface LinkHolder {
  readonly role: 'access';
  /** b64: the link that they come with. */
  readonly linkId: string;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}
export type Holder = Owner | LinkHolder;

/** @throws SendError `unauthorized` when there is no token of either role. */
export function readHolder(authorization: string | null): Holder {
  const [, role, linkId, token] = /^Shardsend-(?:(Owner) |Access ([\w-]{22})\.)([\w-]{43})$/.exec(authorization ?? '') ?? [];
  if (token === undefined) throw new SendError('unauthorized');
  const hash = hashToken(decodeB64(token, KEY_BYTES, 'unauthorized'));
  return role === undefined ? { role: 'access', linkId: readLinkId(linkId!, 'unauthorized'), hash } : { role: 'owner', hash };
}

/** @throws SendError `unauthorized`. */
export function readOwner(authorization: string | null): Owner {
  const holder = readHolder(authorization);
  if (holder.role !== 'owner') throw new SendError('unauthorized');
  return holder;
}

/** @throws SendError `unauthorized`. */
export function readLinkHolder(authorization: string | null): LinkHolder {
  const holder = readHolder(authorization);
  if (holder.role !== 'access') throw new SendError('unauthorized');
  return holder;
}

/** @returns the id as it is kept. @throws SendError `code`. */
export function readLinkId(text: string, code: ErrorCode = 'bad_request'): string {
  asLinkId(decodeB64(text, ID_BYTES, code));
  return text;
}

/** @returns 32 bytes: the hash of the token that reads a node's status; null where another kind of authorization stands. @throws SendError `unauthorized`. */
export function readViewer(authorization: string | null): Uint8Array | null {
  const match = /^Shardsend-View (.*)$/.exec(authorization ?? '');
  return match && hashToken(decodeB64(match[1]!, KEY_BYTES, 'unauthorized'));
}

/** @returns the id as it names the transfer's object. @throws SendError `bad_request`. */
export function readTransferId(text: string): string {
  asTransferId(decodeB64(text, ID_BYTES));
  return text;
}
