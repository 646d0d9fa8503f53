/** A link as a later version would make it: whole, and of no use to this one. docs/protocol.md §7. */
import { hash, text, u8 } from '../vectors/source/reference.ts';
import { encodeB64, parseLink } from '../../shared/protocol/index.ts';

export function newerLink(link: string): string {
  const { origin, transferId, secret } = parseLink(link);
  const check = hash(text('shardsend/1 link'), u8(3), transferId, secret).subarray(0, 4);
  return `${origin}/d/${encodeB64(transferId)}#${encodeB64(Buffer.concat([u8(3), secret, check]))}`;
}
