/** What tests ask of every engine's browser, whichever protocol drives it: pages by the words on them, and a folder that downloads go to. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** How long a page may take to come to what a test waits for. */
export const PATIENCE_MS = 60_000;

export interface Profile {
  readonly folder: string;
  remove(): Promise<void>;
}

export interface EngineOptions {
  /** Where downloads go; exists. */
  readonly downloads: string;
  /** Everything, loopback included, goes through this HTTP proxy. */
  readonly proxy: string;
  /** Begins with what an earlier browser left there, and leaves it there; a profile of its own unless given. */
  readonly profile?: Profile | undefined;
  /** With the built extension, for engines that run it. */
  readonly extension?: boolean | undefined;
}

export interface EngineBrowser {
  /** Origin of the extension's pages; empty without it. */
  readonly extension: string;
  /** A page that shows this address. */
  open(url: string): Promise<EnginePage>;
  /** Kills it: no page and no worker hears of it. */
  close(): Promise<void>;
}

export interface EnginePage {
  /** Runs an expression in the page and waits for its promise. @returns what JSON carries of it. */
  evaluate<T>(expression: string): Promise<T>;
  /** Goes to an address as if it was typed there, and waits for nothing: it may lead elsewhere. */
  visit(url: string): Promise<void>;
  /** Presses the button of this name. */
  press(button: string): Promise<void>;
  /** Gives files to the page's first file chooser. */
  chooseFiles(files: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** XPath. @param name - without quotation marks. */
export const buttonNamed = (name: string): string => `//button[normalize-space()="${name}"]`;
export const FILE_CHOOSER = '//input[@type="file"]';

/** An expression for the first node at an XPath. */
export const nodeAt = (xpath: string): string => `document.evaluate(${JSON.stringify(xpath)}, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE).singleNodeValue`;

/** An expression that waits in the page, which is looked at whenever it changes, and gives the first value that counts as true. */
export const firstTrue = (expression: string): string => `new Promise((resolve, reject) => {
  const end = () => { watch.disconnect(); clearInterval(timer); clearTimeout(patience); };
  const look = () => { const found = ${expression}; if (found) { end(); resolve(found); } };
  const watch = new MutationObserver(look);
  watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  const timer = setInterval(look, 100);
  const patience = setTimeout(() => { end(); reject(new Error('the page never came to it, but says: ' + document.body?.innerText)); }, ${PATIENCE_MS});
  look();
})`;

/** A promise's expression as one of JSON text, so that every protocol carries the same values. */
export const asJson = (expression: string): string => `Promise.resolve(${expression}).then((value) => JSON.stringify(value ?? null))`;

/** A folder for one browser's profile, and its removal. */
export async function newProfile(engine: string): Promise<Profile> {
  const folder = await mkdtemp(path.join(tmpdir(), `shardsend-${engine}-`));
  return { folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }) };
}
