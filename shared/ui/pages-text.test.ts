/** What stands in the pages beside the catalogue: nothing that people read, and nothing that knows left from right. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, type AST } from 'svelte/compiler';
import { describe, expect, it } from 'vitest';

const root = path.join(import.meta.dirname, '..', '..');
const find = (pattern: string): string[] => globSync(pattern, { cwd: root }).filter((file) => !file.includes('node_modules'));
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const components = find('{shared/ui,extension,web}/**/*.svelte');

/** Attributes that people read or hear. */
const READ = new Set(['alt', 'aria-description', 'aria-label', 'aria-placeholder', 'aria-roledescription', 'aria-valuetext', 'label', 'placeholder', 'title']);
const WORD = /\p{L}/u;

/** Parts of a tag or of an expression that are never shown. */
const SILENT = new Set(['context', 'metadata', 'parameters', 'parent']);

type Node = AST.SvelteNode & { readonly name?: string };

/** The literal words of a component: text between tags, and attributes that are read, also where they are written as strings in code. */
function literals(source: string): string[] {
  const found: string[] = [];
  const walk = (node: unknown, isRead: boolean): void => {
    if (Array.isArray(node)) for (const each of node) walk(each, isRead);
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
    const { type, name, ...parts } = node as Record<string, unknown> & Pick<Node, 'type' | 'name'>;
    const text = type === 'Text' ? parts['data'] : type === 'Literal' ? parts['value'] : type === 'TemplateElement' ? (parts['value'] as { cooked: string }).cooked : undefined;
    if (type === 'StyleDirective' || type === 'ImportExpression') return;
    if (isRead && typeof text === 'string' && WORD.test(text)) found.push(text.trim());
    for (const [key, value] of Object.entries(parts)) {
      if (SILENT.has(key)) continue;
      const inside = type === 'Attribute' ? READ.has(name!) : key === 'test' || key === 'arguments' || key === 'key' ? false : isRead;
      walk(value, inside);
    }
  };
  walk(parse(source, { modern: true }).fragment, true);
  return found;
}

describe('components', () => {
  it.each(components)('%s says nothing but what the catalogue says', (file) => expect(literals(read(file))).toEqual([]));

  it('are read for words between tags, in attributes, and in strings that are shown', () => {
    expect(literals('<p class="a" title="Hi">Hello {name}</p>')).toEqual(['Hi', 'Hello']);
    expect(literals('<p aria-label={isOn ? "On" : say("off")}>{isOn ? `Number ${n}` : ""}</p>')).toEqual(['On', 'Number']);
    expect(literals('{#if step === "done"}<b>{say("done")}</b>{:else}…{/if}')).toEqual([]);
  });
});

describe('styles', () => {
  const styles = [...components, ...find('{shared/ui,extension,web}/**/*.css')].map((file) => [file, cssOf(file)] as const);

  it.each(styles)('%s knows the begin and the end of a line, and neither left nor right', (_, css) => expect(physical(css)).toEqual([]));

  it('are read for properties, values and shorthands with a left that differs from their right', () => {
    expect(physical('a { margin-left: 1px; float: right; }')).toEqual(['margin-left: 1px', 'float: right']);
    expect(physical('a { padding: 1px 2px 3px 4px; border-radius: 3px 0 0 3px; transform: translateX(1px); }')).toHaveLength(3);
    expect(physical('a { padding: 1px 2px 3px 2px; margin-inline-start: 1px; inset: 0 1px; border-radius: 4px; text-align: start; }')).toEqual([]);
  });
});

function cssOf(file: string): string {
  const source = read(file);
  return file.endsWith('.css') ? source : (/<style>([\s\S]*)<\/style>/.exec(source)?.[1] ?? '');
}

/** @returns the declarations that would stand on the wrong side in a language that runs from right to left. */
function physical(css: string): string[] {
  const bare = css.replaceAll(/\/\*[\s\S]*?\*\//g, '');
  return Array.from(bare.matchAll(/([a-z-]+):\s*([^;{}]+);/g), ([, property, value]) => [property!, value!.trim()] as const)
    .filter(
      ([property, value]) =>
        /(?:^|-)(?:left|right)(?:$|-)/.test(property) || /^(?:left|right)$/.test(value) || /translate(?:X|3d)?\((?!0)/.test(value) || isLopsided(property, value),
    )
    .map(([property, value]) => `${property}: ${value}`);
}

function isLopsided(property: string, value: string): boolean {
  const sides = value.match(/(?:[^\s(]|\([^)]*\))+/g) ?? [];
  if (sides.length !== 4) return false;
  if (property === 'border-radius') return sides[0] !== sides[1] || sides[2] !== sides[3];
  // Widths of borders draw the tick, which is the same in every language.
  return /^(?:margin|padding|inset)$/.test(property) && sides[1] !== sides[3];
}
