import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

const built = path.join(import.meta.dirname, '..', 'dist', 'web');
const BUDGET_BYTES = 60_000;

/** Everything that the browser loads before the page works: what the HTML names, and what that imports at once. */
function initialFiles(html: string): Set<string> {
  const files = new Set<string>();
  const follow = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    if (!file.endsWith('.js')) return;
    const source = readFileSync(path.join(built, file), 'utf8');
    for (const [, name] of source.matchAll(/(?:import|from)\s*["']\.\/([^"']+\.js)["']/g)) follow(`/assets/${name}`);
  };
  for (const [, file] of html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g)) follow(file!);
  return files;
}

describe.each([
  ['receive', 'd.html'],
  ['network', 'network.html'],
])('the built %s page', (_, name) => {
  const html = readFileSync(path.join(built, name), 'utf8');
  const files = initialFiles(html);

  it('needs at most 60 KB of compressed script and style before it works', () => {
    const sizes = [...files].map((file) => gzipSync(readFileSync(path.join(built, file))).length);
    expect(sizes.length).toBeGreaterThanOrEqual(2);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(BUDGET_BYTES);
  });

  it('loads no font and nothing from elsewhere', () => {
    const sources = [html, ...[...files].filter((file) => file.endsWith('.css')).map((file) => readFileSync(path.join(built, file), 'utf8'))];
    for (const source of sources) {
      expect(source).not.toMatch(/@font-face|@import/);
      expect(source).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    }
  });
});
