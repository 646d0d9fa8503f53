import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importBoxKey, sealVaultHead } from '../../crypto/index.ts';
import { encodeB64 } from '../../protocol/bytes.ts';
import { VaultMirror } from './vault-mirror.ts';

const names = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(encodeB64);
const boxes = fc.option(fc.uint8Array({ minLength: 29, maxLength: 60 }).map(encodeB64));
const changes = fc.array(fc.record({ name: names, box: boxes }), { maxLength: 12 });
const revisions = fc.integer({ min: 1, max: 2 ** 40 });
const key = await importBoxKey(new Uint8Array(32).fill(3));

describe('a mirror', () => {
  it('is what was written, read again', () => {
    fc.assert(
      fc.property(revisions, changes, (revision, list) => {
        const mirror = VaultMirror.empty.after(revision, list);
        const again = VaultMirror.decode(mirror.encode());
        expect(again.revision).toBe(revision);
        expect([...again.boxes]).toEqual([...mirror.boxes]);
      }),
    );
  });

  it('that was cut short or carries more is refused', () => {
    const whole = VaultMirror.empty.after(5, [{ name: encodeB64(new Uint8Array(16)), box: encodeB64(new Uint8Array(29)) }]).encode();
    for (let length = 0; length < whole.length; length++)
      expect(() => VaultMirror.decode(whole.subarray(0, length)), String(length)).toThrow(expect.objectContaining({ code: 'record_unreadable' }));
    expect(() => VaultMirror.decode(Uint8Array.of(...whole, 0))).toThrow(expect.objectContaining({ code: 'record_unreadable' }));
    expect(() => VaultMirror.decode(Uint8Array.of(2, ...whole.subarray(1)))).toThrow(expect.objectContaining({ code: 'record_unreadable' }));
  });

  it('knows its head, in whatever order the entries came, and no other vault’s', async () => {
    await fc.assert(
      fc.asyncProperty(revisions, changes, changes, async (revision, list, others) => {
        const mirror = VaultMirror.empty.after(revision, list);
        const byName = new Map(list.map((change) => [change.name, change]));
        const turned = VaultMirror.empty.after(revision, [...byName.values()].toReversed());
        const head = await sealVaultHead(key, { revision, digest: turned.digest() });
        await mirror.check(key, head);
        const other = mirror.after(revision, others);
        const isSame = other.boxes.size === mirror.boxes.size && [...other.boxes].every(([name, box]) => Buffer.compare(box, mirror.boxes.get(name) ?? new Uint8Array(0)) === 0);
        if (!isSame) await expect(other.check(key, head)).rejects.toMatchObject({ code: 'vault_damaged' });
        await expect(mirror.after(revision + 1, []).check(key, head)).rejects.toMatchObject({ code: 'vault_damaged' });
      }),
    );
  });
});
