import { describe, expect, it } from 'vitest';
import { asLinkSecret, asTransferId } from '../protocol/bytes.ts';
import { noteName, openNote, sealNote, type LinkKeys } from './download-note.ts';

const keysOf = (secret: number, id = 0): LinkKeys => ({ secret: asLinkSecret(new Uint8Array(32).fill(secret)), transferId: asTransferId(new Uint8Array(16).fill(id)) });
const note = { segments: 5, claimId: 'claim', contentBytes: 1_000_000, whole: null };
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

describe('a note of a download', () => {
  it('is read by who has the link', async () => {
    expect(await openNote(await sealNote(note, keysOf(1), random), keysOf(1))).toMatchObject(note);
  });

  it('says what a file is that came in whole', async () => {
    const whole = { ...note, whole: { name: 'räport.pdf', mime: 'application/pdf' } };
    expect(await openNote(await sealNote(whole, keysOf(1), random), keysOf(1))).toMatchObject(whole);
  });

  it('is nothing to anybody else, nor when it was damaged or cut', async () => {
    const sealed = await sealNote(note, keysOf(1), random);
    expect(await openNote(sealed, keysOf(2))).toBeNull();
    expect(await openNote(sealed, keysOf(1, 1))).toBeNull();
    for (let length = 0; length < sealed.length; length++) expect(await openNote(sealed.slice(0, length), keysOf(1))).toBeNull();
    expect(
      await openNote(
        sealed.map((byte, at) => (at === 20 ? byte ^ 1 : byte)),
        keysOf(1),
      ),
    ).toBeNull();
  });

  it('has a name that only the link leads to', () => {
    expect(noteName(keysOf(1))).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set([keysOf(1), keysOf(2), keysOf(1, 1)].map(noteName)).size).toBe(3);
  });
});
