/** The token that reads a node's status and nothing else. docs/protocol.md §10, standing. */
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { KEY_BYTES, encodeB64, utf8, type NodeId } from '../../shared/protocol/index.ts';

/** @param seed - the node's private seed, 32 bytes. @returns 32 bytes; the coordinator knows their hash. */
export const viewTokenOf = (seed: Uint8Array): Uint8Array => hkdf(sha256, seed, undefined, utf8('shardsend/1 view'), KEY_BYTES);

/** @param origin - the coordinator's. @returns the operator's page; its fragment reaches no server. */
export const statusPage = (origin: string, nodeId: NodeId, viewToken: Uint8Array): string => `${origin}/network#${encodeB64(nodeId)}.${encodeB64(viewToken)}`;
