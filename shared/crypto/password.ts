/** From a password to a key that is dear to guess. docs/protocol.md §2; Argon2id: RFC 9106. */
import { argon2idAsync } from '@noble/hashes/argon2.js';

declare const brand: unique symbol;
/** 32 bytes: a link's key follows from them together with the link's secret, and from neither alone. */
export type PasswordKey = Uint8Array & { readonly [brand]: 'PasswordKey' };

export interface PasswordCost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

export interface StretchOptions {
  /** @param fraction - of the work, 0 to 1; called about a hundred times. */
  onProgress?(fraction: number): void;
  readonly signal?: AbortSignal | undefined;
}

const KEY_BYTES = 32;

/**
 * Takes seconds and the memory that `cost` says, on the thread that calls it.
 *
 * @param password - as it was typed: the same characters give the same key, however they are composed (NFKC).
 * @param salt - 16 bytes, of one link.
 * @throws what the signal was aborted with.
 */
export async function stretchPassword(password: string, salt: Uint8Array, cost: PasswordCost, { onProgress, signal }: StretchOptions = {}): Promise<PasswordKey> {
  let shown = -1;
  const key = await argon2idAsync(new TextEncoder().encode(password.normalize('NFKC')), salt, {
    m: cost.memoryKib,
    t: cost.passes,
    p: cost.lanes,
    dkLen: KEY_BYTES,
    onProgress(fraction) {
      signal?.throwIfAborted();
      const percent = Math.floor(100 * fraction);
      if (percent === shown) return;
      shown = percent;
      onProgress?.(fraction);
    },
  });
  return key as Uint8Array as PasswordKey;
}
