/** Who asks: tokens from the `Authorization` header, hashed at once. docs/protocol.md §2, §10. */
import { hashToken } from '../../shared/crypto/keys.ts';
import { asTransferId, decodeB64, ID_BYTES, KEY_BYTES } from '../../shared/protocol/bytes.ts';
import { SendError } from '../../shared/protocol/errors.ts';

/** A token's holder, as objects get to know them: by the token's hash. */
export interface Holder {
  readonly role: 'owner' | 'access';
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/** @throws SendError `unauthorized` when there is no token of an allowed role. */
export function readHolder(authorization: string | null, ...allowed: readonly Holder['role'][]): Holder {
  const match = /^Shardsend-(Owner|Access) ([\w-]{43})$/.exec(authorization ?? '');
  const role = match?.[1] === 'Owner' ? 'owner' : 'access';
  if (!match || !allowed.includes(role)) throw new SendError('unauthorized');
  return { role, hash: hashToken(decodeB64(match[2]!, KEY_BYTES, 'unauthorized')) };
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
