/** When in an epoch a node's turn comes: spread over the epoch by the node's id, so that audits never come all at once. docs/protocol.md §10. */
import { sha256 } from '@noble/hashes/sha2.js';
import { epochAt } from '../../shared/policy/index.ts';
import { KEY_BYTES, decodeB64 } from '../../shared/protocol/bytes.ts';
import { REQUEST_SKEW_MS } from '../../shared/protocol/limits.ts';

/** Part of an epoch at either end in which no turn comes: so that a late one is still of its epoch. */
const EDGE = 1 / 12;
/** How often a node is looked at between its turns, an epoch: how fine the coordinator's own absences are seen. */
const LOOKS_PER_EPOCH = 12;

export class EpochMoments {
  readonly #epochMs: number;
  readonly #offsetMs: number;

  /** @param nodeId - b64. */
  constructor(nodeId: string, epochMs: number) {
    this.#epochMs = epochMs;
    const hash = sha256(decodeB64(nodeId, KEY_BYTES));
    const share = new DataView(hash.buffer, hash.byteOffset).getUint32(0) / 2 ** 32;
    this.#offsetMs = Math.floor(epochMs * (EDGE + (1 - 2 * EDGE) * share));
  }

  /** Between two looks. */
  get lookMs(): number {
    return Math.ceil(this.#epochMs / LOOKS_PER_EPOCH);
  }

  momentMs(epoch: number): number {
    return epoch * this.#epochMs + this.#offsetMs;
  }

  /** The last epoch whose moment has come. */
  reachedAt(nowMs: number): number {
    return epochAt(nowMs - this.#offsetMs, this.#epochMs);
  }

  /** The next look, which the next moment is one of. */
  nextLookMs(nowMs: number): number {
    const sinceMs = nowMs - this.momentMs(this.reachedAt(nowMs));
    const looks = Math.floor(sinceMs / this.lookMs) + 1;
    return nowMs - sinceMs + Math.min(looks * this.lookMs, this.#epochMs);
  }
}

/** How far a node's clock, and what is under way, may be off: five minutes of an hour, as of any signed request. */
export const skewMsOf = (epochMs: number): number => Math.min(REQUEST_SKEW_MS, Math.ceil(epochMs / LOOKS_PER_EPOCH));
