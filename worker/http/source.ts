/**
 * As which source a client's word on nodes counts: its network, under a name that only this coordinator can make. Sources
 * can be told apart, and what is kept beside a transfer's id does not tell where its people are.
 */
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { networkOf } from '../../shared/policy/address.ts';
import { encodeB64 } from '../../shared/protocol/bytes.ts';

const NAME_BYTES = 16;

/** @param address - of the client; undefined where there is none, which is a source of its own. @param seed - the coordinator's, 32 bytes. */
export function sourceName(address: string | undefined, seed: Uint8Array): string {
  return encodeB64(hkdf(sha256, seed, undefined, utf8ToBytes(`shardsend/1 source\0${networkOf(address ?? 'unknown')}`), NAME_BYTES));
}
