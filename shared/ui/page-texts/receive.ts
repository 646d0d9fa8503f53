/** What the receive page says. */
import type { TextsOf } from '../translation.ts';

export const receivePageTexts: TextsOf<typeof import('../messages/en/pages/receive.ts')> = {
  en: () => import('../messages/en/pages/receive.ts'),
  de: () => import('../messages/de/pages/receive.ts'),
  es: () => import('../messages/es/pages/receive.ts'),
  fr: () => import('../messages/fr/pages/receive.ts'),
};
