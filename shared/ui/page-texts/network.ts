/** What the network page says. */
import type { TextsOf } from '../translation.ts';

export const networkPageTexts: TextsOf<typeof import('../messages/en/pages/network.ts')> = {
  en: () => import('../messages/en/pages/network.ts'),
};
