/** Words, keys and boxes of accounts: docs/protocol.md §14. The words are those of BIP-39's own test vectors. */
import { createCipheriv, createHmac, hkdfSync } from 'node:crypto';
import { bytesOf, hash, hex, keyPair, text, u64, u8 } from './reference.ts';
import { ok, refused, type Vector } from './vector.ts';

const derive = (entropy: Buffer, info: string): Buffer => Buffer.from(hkdfSync('sha256', entropy, Buffer.alloc(0), text(info), 32));
const repeated = (word: string, last: string): string => `${`${word} `.repeat(23)}${last}`;

export function identityVectors(): Vector[] {
  const good = (name: string, comment: string, byte: number, words: string, typed = words): Vector => {
    const entropy = Buffer.alloc(32, byte);
    const seed = derive(entropy, 'shardsend/1 account');
    return ok(
      `identity/${name}`,
      comment,
      { typed },
      {
        words,
        entropyHex: hex(entropy),
        accountIdHex: hex(keyPair(seed).publicKey),
        vaultKeyHex: hex(derive(entropy, 'shardsend/1 vault')),
        namesKeyHex: hex(derive(entropy, 'shardsend/1 vault names')),
      },
    );
  };
  const wrong = (name: string, comment: string, typed: string): Vector => refused('words_wrong', `identity/${name}`, comment, { typed });
  const zeros = repeated('abandon', 'art');
  return [
    good('zeros', 'entropy of zeros', 0x00, zeros),
    good('ones', 'entropy of ones', 0xff, repeated('zoo', 'vote')),
    good('letters', 'entropy of 0x80', 0x80, `${'letter advice cage absurd amount doctor acoustic avoid '.repeat(2)}letter advice cage absurd amount doctor acoustic bless`),
    good('typed', 'as a person types them: numbered, in lines, with capitals', 0x00, zeros, zeros.split(' ').map((word, i) => `${i + 1}. ${word.toUpperCase()}`).join('\r\n')),
    wrong('checksum', 'the last word belongs to others', repeated('abandon', 'abandon')),
    wrong('order', 'two words changed places', `art ${'abandon '.repeat(23).trim()}`),
    wrong('foreign-word', 'a word that the list does not have', repeated('abandon', 'artt')),
    wrong('too-few', '23 words', 'abandon '.repeat(23)),
    wrong('twelve', 'twelve words are words too, but no identity', `${'abandon '.repeat(11)}about`),
    wrong('nothing', 'nothing', ''),
  ];
}

function box(key: Buffer, nonce: Buffer, boundTo: Buffer, plain: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(boundTo);
  return Buffer.concat([u8(1), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

export function vaultVectors(): Vector[] {
  const key = bytesOf('vault key', 32);
  const namesKey = bytesOf('vault names key', 32);
  const nonce = bytesOf('vault nonce', 12);
  const hide = (name: string): Buffer => createHmac('sha256', namesKey).update(name).digest().subarray(0, 16);
  const entryLabel = text('shardsend/1 vault entry\0');
  const headLabel = text('shardsend/1 vault head\0');
  const padded = (used: Buffer): Buffer => Buffer.concat([used, Buffer.alloc(Math.ceil(used.length / 1024) * 1024 - used.length)]);
  const plainOf = (name: string, content: Buffer): Buffer => padded(Buffer.concat([u8(0), u8(text(name).length), text(name), content, u8(0x80)]));
  const input = (name: string, boxed: Buffer) => ({ keyHex: hex(key), namesKeyHex: hex(namesKey), name, boxHex: hex(boxed) });
  const entry = (file: string, comment: string, name: string, content: Buffer): Vector => {
    const boxed = box(key, nonce, Buffer.concat([entryLabel, hide(name)]), plainOf(name, content));
    return ok(`vault/${file}`, comment, input(name, boxed), { hiddenNameHex: hex(hide(name)), name, textHex: hex(content) });
  };
  const bad = (file: string, comment: string, boxed: Buffer): Vector => refused('vault_damaged', `vault/${file}`, comment, input('sends/one', boxed));
  const bound = Buffer.concat([entryLabel, hide('sends/one')]);
  const content = bytesOf('vault text', 300);
  const entries = ['sends/one', 'sends/two'].map((name) => ({ name: hide(name), boxed: box(key, nonce, Buffer.concat([entryLabel, hide(name)]), plainOf(name, content)) })).toSorted((a, b) => a.name.compare(b.name));
  const digest = hash(text('shardsend/1 vault digest'), u64(7), ...entries.flatMap(({ name, boxed }) => [name, hash(boxed)]));
  return [
    entry('entry', 'a record of a send', 'sends/one', content),
    entry('entry-empty', 'a text of no bytes', 'sends/one', Buffer.alloc(0)),
    entry('entry-full-kib', 'name, text and end fill a KiB exactly', 'sends/one', bytesOf('vault text', 1024 - 2 - 9 - 1)),
    entry('entry-ends-in-zeros', 'zeros at the end of a text are the text’s own', 'sends/one', Buffer.concat([u8(0x80), Buffer.alloc(5)])),
    bad('other-name', 'the box of another entry', box(key, nonce, Buffer.concat([entryLabel, hide('sends/two')]), plainOf('sends/two', content))),
    bad('unbound', 'a box that is bound to nothing', box(key, nonce, Buffer.alloc(0), plainOf('sends/one', content))),
    bad('no-end', 'zeros alone', box(key, nonce, bound, Buffer.alloc(1024))),
    bad('long-name', 'a name that is longer than what there is', box(key, nonce, bound, padded(Buffer.concat([u8(0xff), u8(0xff), u8(0x80)])))),
    bad('short', 'cut short', box(key, nonce, bound, plainOf('sends/one', content)).subarray(0, 40)),
    bad('version', 'another version', Buffer.concat([u8(2), box(key, nonce, bound, plainOf('sends/one', content)).subarray(1)])),
    ok(
      'vault/head',
      'the head of two entries at revision 7',
      { keyHex: hex(key), headHex: hex(box(key, nonce, headLabel, Buffer.concat([u64(7), digest]))), entries: entries.map(({ name, boxed }) => ({ hiddenNameHex: hex(name), boxHex: hex(boxed) })) },
      { revision: 7, digestHex: hex(digest) },
    ),
  ];
}
