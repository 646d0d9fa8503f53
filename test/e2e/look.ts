/** Looks at a screen as people do: narrow and wide, light and dark; and as axe does, for what keeps somebody out. */
import { createRequire } from 'node:module';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

const folder = path.join(import.meta.dirname, 'screenshots');
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const HEIGHT = 800;
const ALL = [1280, 360].flatMap((width) => (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })));

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** Saves four pictures, and fails on serious findings and on pages that scroll sideways. */
export async function look(page: Page, name: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const before = page.viewportSize();
  for (const { width, colorScheme } of ALL) {
    await page.setViewportSize({ width, height: HEIGHT });
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: path.join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(beyond, `${name} is too wide at ${width}`).toBeLessThanOrEqual(0);
    expect(await findings(page), `${name} at ${width}, ${colorScheme}`).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: null });
  if (before) await page.setViewportSize(before);
}

async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } }).axe.run();
    return violations;
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`);
}

/** @returns the names in these rows whose last characters lie in a box that cuts them off. */
export const cutOffNames = (rows: Locator): Promise<string[]> => rows.evaluateAll(cutOff);

/** Runs in the page. */
function cutOff(rows: Element[]): string[] {
  return rows.flatMap((row) => {
    const name = row.querySelector('.name')!;
    const texts = document.createTreeWalker(name, NodeFilter.SHOW_TEXT);
    let last: Node = name;
    while (texts.nextNode()) if (texts.currentNode.textContent!.trim() !== '') last = texts.currentNode;
    for (let box = last.parentElement; box && box !== row; box = box.parentElement) {
      if (getComputedStyle(box).overflowX === 'hidden' && box.scrollWidth > box.clientWidth) return [name.textContent];
    }
    return [];
  });
}
