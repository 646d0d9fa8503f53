/** What a send tab tells the background, so that the badge and a notification can say it while the tab is out of sight. */
import { browser } from 'wxt/browser';

export type Report =
  | { readonly type: 'sending' | 'idle' }
  | { readonly type: 'done'; readonly fileCount: number; readonly inSight: boolean }
  | { readonly type: 'failed'; readonly sentence: string; readonly inSight: boolean };

/** Best effort: a badge is no reason to fail. */
export const report = (message: Report): Promise<unknown> => browser.runtime.sendMessage(message).catch(() => undefined);
