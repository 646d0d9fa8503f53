/** The language that the person chose in the extension; kept apart from the settings, which are saved as a whole. */
import { browser } from 'wxt/browser';

const KEY = 'language';

/** @returns undefined where nothing was chosen. */
export const readLanguage = async (): Promise<unknown> => (await browser.storage.local.get(KEY))[KEY];

export const keepLanguage = (language: string): Promise<void> => browser.storage.local.set({ [KEY]: language });

export const onLanguage = (changed: () => void): void => browser.storage.local.onChanged.addListener((changes) => KEY in changes && changed());
