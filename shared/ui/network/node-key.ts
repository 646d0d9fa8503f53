/**
 * The address of an operator's page, `/network#<b64 node id>.<b64 token>`: takes the key out of it, once. It then stands in
 * the page's memory alone, as a link's key does (address.ts). The token only reads one node's status. docs/protocol.md §10.
 */
import { decodeB64, KEY_BYTES } from '../../protocol/bytes.ts';

export interface NodeKey {
  /** b64. */
  readonly nodeId: string;
  /** b64. */
  readonly token: string;
}

/** `damaged`: there is a fragment, and it is no key. */
export type TakenNodeKey = NodeKey | 'none' | 'damaged';

/** @param hash - of the address, as `location.hash` has it. */
export function readNodeKey(hash: string): TakenNodeKey {
  if (hash.length <= 1) return 'none';
  const [nodeId = '', token = '', ...more] = hash.slice(1).split('.');
  return more.length === 0 && isKey(nodeId) && isKey(token) ? { nodeId, token } : 'damaged';
}

function isKey(text: string): boolean {
  try {
    return decodeB64(text, KEY_BYTES).length === KEY_BYTES;
  } catch {
    return false; // the only thing decodeB64 throws is that the text is not what it should be
  }
}
