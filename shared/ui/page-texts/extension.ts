/** What the pages of the extension and its background say. They read from the disk. */
import type { TextsOf } from '../translation.ts';

export const extensionPageTexts: TextsOf<typeof import('../messages/en/pages/extension.ts')> = {
  en: () => import('../messages/en/pages/extension.ts'),
  de: () => import('../messages/de/pages/extension.ts'),
  es: () => import('../messages/es/pages/extension.ts'),
  fr: () => import('../messages/fr/pages/extension.ts'),
};
