/** A page loads the texts that its modules name: all of them, and no other. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { networkPageTexts } from '../shared/ui/page-texts/network.ts';
import { receivePageTexts } from '../shared/ui/page-texts/receive.ts';
import { sendPageTexts } from '../shared/ui/page-texts/send.ts';

const MESSAGES = /\/shared\/ui\/messages\/[\w-]+\.ts$/;

/** The sets that modules name on their way from an entry, also those that are loaded later. */
function setsNamed(entry: string): string[] {
  const seen = new Set<string>();
  const sets = new Set<string>();
  const follow = (file: string): void => {
    if (seen.has(file) || !existsSync(file)) return;
    seen.add(file);
    const source = readFileSync(file, 'utf8');
    // What a page loads of a language is another way to them.
    if (file.includes('/page-texts/')) return;
    if (MESSAGES.test(file)) for (const [, name] of source.matchAll(/^export const (\w+Texts)\b/gm)) sets.add(name!);
    for (const [, place] of source.matchAll(/(?:^\s*(?:import|export)\s(?!type\b)[^'"]*?from\s|^\s*import\s|\bimport\()\s*'(\.[^']+)'/gm))
      follow(path.join(path.dirname(file), place!));
  };
  follow(path.join(import.meta.dirname, entry));
  return [...sets].toSorted();
}

it.each([
  [['receive.ts'], receivePageTexts],
  [['send.ts', 'sends.ts'], sendPageTexts],
  [['network.ts'], networkPageTexts],
])('%j', async (entries, texts) => {
  const named = [...new Set(entries.flatMap(setsNamed))].toSorted();
  expect(named).toContain('generalTexts');
  expect(Object.keys(await texts.en()).toSorted()).toEqual(named);
});
