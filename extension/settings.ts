/** What the person set in the options; nothing secret. */
import { browser } from 'wxt/browser';
import { DEFAULT_CHOICES } from '../shared/ui/choices.ts';
import { builtInCoordinator, checkCoordinator } from './coordinator-address.ts';
import type { SendChoices } from '../shared/ui/send-machine.ts';

export interface Settings extends SendChoices {
  /** Origin, without a trailing slash. */
  readonly coordinator: string;
  /** Links to known coordinators open in the extension. */
  readonly opensLinks: boolean;
}

const KEY = 'settings';

export const DEFAULT_COORDINATOR: string = builtInCoordinator(import.meta.env['VITE_COORDINATOR']);

export async function loadSettings(): Promise<Settings> {
  const stored = (await browser.storage.local.get(KEY))[KEY] as Partial<Record<keyof Settings, unknown>> | undefined;
  const { coordinator, expiresInSeconds, downloadLimit, opensLinks } = stored ?? {};
  return {
    coordinator: (typeof coordinator === 'string' && checkCoordinator(coordinator)) || DEFAULT_COORDINATOR,
    expiresInSeconds: typeof expiresInSeconds === 'number' ? expiresInSeconds : DEFAULT_CHOICES.expiresInSeconds,
    downloadLimit: typeof downloadLimit === 'number' ? downloadLimit : DEFAULT_CHOICES.downloadLimit,
    opensLinks: opensLinks !== false,
  };
}

export const saveSettings = (settings: Settings): Promise<void> => browser.storage.local.set({ [KEY]: settings });
