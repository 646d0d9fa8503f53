import { describe, expect, it } from 'vitest';
import { asEntropy, type PasswordKey } from '../../crypto/index.ts';
import { decodeB64, encodeB64 } from '../../protocol/bytes.ts';
import { webDeps } from '../deps.ts';
import { lockIdentity, unlockIdentity, type Stretch } from './locked-identity.ts';

const entropy = asEntropy(new Uint8Array(32).fill(7));
/** As expensive as a hash: what Argon2id is worth has tests of its own. */
const stretch: Stretch = async (password, salt) =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${password} ${encodeB64(salt)}`))) as Uint8Array as PasswordKey;

describe('an identity at rest', () => {
  it('opens with its password, and with no other', async () => {
    const locked = await lockIdentity(entropy, 'right', stretch, webDeps());
    expect(await unlockIdentity(locked, 'right', stretch)).toEqual(entropy);
    await expect(unlockIdentity(locked, 'wrong', stretch)).rejects.toMatchObject({ code: 'unlock_failed' });
  });

  it('is another box each time, and holds its entropy nowhere in the clear', async () => {
    const [one, two] = [await lockIdentity(entropy, 'right', stretch, webDeps()), await lockIdentity(entropy, 'right', stretch, webDeps())];
    expect(one.salt).not.toBe(two.salt);
    expect(one.box).not.toBe(two.box);
    expect(one.accountId).toBe(two.accountId);
    expect(Buffer.from(decodeB64(one.box)).includes(Buffer.from(entropy))).toBe(false);
  });

  it('that was changed in any byte does not open', async () => {
    const locked = await lockIdentity(entropy, 'right', stretch, webDeps());
    for (const part of ['salt', 'box'] as const) {
      const bytes = decodeB64(locked[part]);
      for (let at = 0; at < bytes.length; at++) {
        const changed = encodeB64(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)));
        await expect(unlockIdentity({ ...locked, [part]: changed }, 'right', stretch), `${part} ${at}`).rejects.toMatchObject({ code: 'unlock_failed' });
      }
    }
  });
});
