/** What the network page says. */
import type { TextsOf } from '../translation.ts';

export const networkPageTexts: TextsOf<typeof import('../messages/en/pages/network.ts')> = {
  en: () => import('../messages/en/pages/network.ts'),
  de: () => import('../messages/de/pages/network.ts'),
  es: () => import('../messages/es/pages/network.ts'),
  fr: () => import('../messages/fr/pages/network.ts'),
};
