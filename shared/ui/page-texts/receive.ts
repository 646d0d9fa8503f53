/** What the receive page says. */
import type { TextsOf } from '../translation.ts';

export const receivePageTexts: TextsOf<typeof import('../messages/en/pages/receive.ts')> = {
  en: () => import('../messages/en/pages/receive.ts'),
};
