/** What the page that sends says, and the one that lists what was sent. */
import type { TextsOf } from '../translation.ts';

export const sendPageTexts: TextsOf<typeof import('../messages/en/pages/send.ts')> = {
  en: () => import('../messages/en/pages/send.ts'),
  de: () => import('../messages/de/pages/send.ts'),
  es: () => import('../messages/es/pages/send.ts'),
  fr: () => import('../messages/fr/pages/send.ts'),
};
