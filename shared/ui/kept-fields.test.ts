/** A browser writes what stands in fields to its disk, to restore a session with: not of those that say `autocomplete="off"`. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const root = path.join(import.meta.dirname, '..', '..');
const UNTYPED = /type="(?:checkbox|radio|file)"/;

const fields = globSync('{shared/ui,extension}/**/*.svelte', { cwd: root }).flatMap((file) =>
  [...readFileSync(path.join(root, file), 'utf8').matchAll(/<(?:input|textarea)\b[^]*?(?:\/>|><\/textarea>)/g)]
    .map(([field]) => field)
    .filter((field) => !UNTYPED.test(field))
    .map((field) => ({ file, field })),
);

it('finds the fields that there are', () => {
  expect(new Set(fields.map(({ file }) => path.basename(file)))).toContain('LinkField.svelte');
  expect(fields.length).toBeGreaterThan(8);
});

it.each(fields)('a field of $file is not kept: it may hold a link, a password, a note', ({ field }) => {
  expect(field).toContain('autocomplete="off"');
});
