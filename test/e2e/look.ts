/** Looks at a screen as people do: narrow and wide, light and dark; and as axe and a keyboard do, for what keeps somebody out. */
import { createRequire } from 'node:module';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

const folder = path.join(import.meta.dirname, 'screenshots');
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const HEIGHT = 800;
const WIDTHS = [1280, 360] as const;
const LIGHTS = ['light', 'dark'] as const;
/** axe sees each width and each light once: more shows it nothing new. */
const ASKED: ReadonlySet<string> = new Set(['1280-light', '360-dark']);

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

export async function picture(page: Page, name: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
}

/** Saves four pictures, and fails on serious findings and on pages that scroll sideways. */
export async function look(page: Page, name: string): Promise<void> {
  const before = page.viewportSize();
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: HEIGHT });
    for (const colorScheme of LIGHTS) {
      const shown = `${width}-${colorScheme}`;
      await page.emulateMedia({ colorScheme });
      await picture(page, `${name}-${shown}`);
      if (ASKED.has(shown)) expect(await findings(page), `${name} at ${shown}`).toEqual([]);
    }
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(beyond, `${name} is too wide at ${width}`).toBeLessThanOrEqual(0);
  }
  await page.emulateMedia({ colorScheme: null });
  if (before) await page.setViewportSize(before);
}

async function findings(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } }).axe.run();
    return violations;
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`);
}

/** Fails unless Tab alone comes to every control of a page, or of the dialog that is open, and each shows that it has the focus. */
export async function expectKeyboardReaches(page: Page, name: string): Promise<void> {
  const controls = await page.evaluate(watchFocus);
  // Around once, wherever the focus is now; what scrolls may take it too.
  for (let stop = 0; stop < controls + 3; stop++) await page.keyboard.press('Tab');
  expect(await page.evaluate(() => focusTrail()), `what Tab does not reach, or shows no focus, in ${name}`).toEqual([]);
}

declare const focusTrail: () => string[];

/** Runs in the page. @returns how many controls there are. */
function watchFocus(): number {
  const root = document.querySelector('dialog[open]') ?? document;
  const left = new Set(
    [...root.querySelectorAll<HTMLElement>('a[href], button, input, select, textarea, [tabindex]')].filter(
      (control) => control.tabIndex >= 0 && !control.matches(':disabled') && control.checkVisibility(),
    ),
  );
  const said: string[] = [];
  const pass = (): void => {
    const reached = document.activeElement as HTMLElement;
    if (left.delete(reached) && getComputedStyle(reached).outlineStyle === 'none') said.push(`no ring: ${reached.outerHTML}`);
  };
  addEventListener('focusin', pass);
  const focusTrail = (): string[] => {
    removeEventListener('focusin', pass);
    return [...said, ...Array.from(left, ({ outerHTML }) => `not reached: ${outerHTML}`)];
  };
  Object.assign(globalThis, { focusTrail });
  return left.size;
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
