/** What the pages of the extension and its background say. They read from the disk. */
import type { TextsOf } from '../translation.ts';

export const extensionPageTexts: TextsOf<typeof import('../messages/en/pages/extension.ts')> = {
  en: () => import('../messages/en/pages/extension.ts'),
};
