/** What the person set in the options; nothing secret. */
import { browser } from 'wxt/browser';
import { DEFAULT_CHOICES } from '../shared/ui/choices.ts';
import { checkCoordinator } from './coordinator-address.ts';
import type { SendChoices } from '../shared/ui/send-machine.ts';

export interface Settings extends SendChoices {
  /** Origin, without a trailing slash. */
  readonly coordinator: string;
}

const KEY = 'settings';

/** A build names the coordinator it is meant for with VITE_COORDINATOR; otherwise the one of `npm start`. */
const built: unknown = import.meta.env['VITE_COORDINATOR'];
export const DEFAULT_COORDINATOR: string = (typeof built === 'string' && checkCoordinator(built)) || 'http://localhost:8787';

export async function loadSettings(): Promise<Settings> {
  const stored = (await browser.storage.local.get(KEY))[KEY] as Partial<Record<keyof Settings, unknown>> | undefined;
  const { coordinator, expiresInSeconds, downloadLimit } = stored ?? {};
  return {
    coordinator: (typeof coordinator === 'string' && checkCoordinator(coordinator)) || DEFAULT_COORDINATOR,
    expiresInSeconds: typeof expiresInSeconds === 'number' ? expiresInSeconds : DEFAULT_CHOICES.expiresInSeconds,
    downloadLimit: typeof downloadLimit === 'number' ? downloadLimit : DEFAULT_CHOICES.downloadLimit,
  };
}

export const saveSettings = (settings: Settings): Promise<void> => browser.storage.local.set({ [KEY]: settings });
