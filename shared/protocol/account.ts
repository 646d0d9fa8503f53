/** What an account and the coordinator say to each other: docs/protocol.md §14. Byte strings stay b64 text, checked. */
import * as v from 'valibot';
import { decodeB64 } from './bytes.ts';
import { b64, count } from './fields.ts';
import { HIDDEN_NAME_BYTES, MAX_ENTRIES_PER_VAULT_PAGE, MAX_ENTRIES_PER_VAULT_WRITE, MAX_VAULT_BOX_BYTES } from './limits.ts';

/** Version, nonce, tag. */
const EMPTY_BOX_BYTES = 1 + 12 + 16;

const isBox = (text: string): boolean => {
  try {
    return decodeB64(text).length >= EMPTY_BOX_BYTES;
  } catch {
    return false; // the only thing decodeB64 throws is that the text is not what it should be
  }
};
const box = v.pipe(v.string(), v.maxLength(Math.ceil((MAX_VAULT_BOX_BYTES * 4) / 3)), v.check(isBox, 'b64 of a box expected'));
const name = b64(HIDDEN_NAME_BYTES);

/** `box`: null where the entry was removed. */
export const vaultChangeSchema = v.object({ name, box: v.nullable(box) });
export type VaultChange = v.InferOutput<typeof vaultChangeSchema>;

export const vaultWriteSchema = v.object({
  /** The revision that it builds on. */
  base: count,
  entries: v.pipe(
    v.array(vaultChangeSchema),
    v.minLength(1),
    v.maxLength(MAX_ENTRIES_PER_VAULT_WRITE),
    v.check((list) => new Set(list.map((entry) => entry.name)).size === list.length, 'names must differ'),
  ),
  head: box,
});
export type VaultWrite = v.InferOutput<typeof vaultWriteSchema>;

export const vaultWrittenSchema = v.object({ revision: count });

export const vaultPageSchema = v.object({
  revision: count,
  head: v.nullable(box),
  entries: v.pipe(v.array(v.object({ ...vaultChangeSchema.entries, revision: count })), v.maxLength(MAX_ENTRIES_PER_VAULT_PAGE)),
  more: v.boolean(),
});
export type VaultPage = v.InferOutput<typeof vaultPageSchema>;
