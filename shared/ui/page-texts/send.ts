/** What the page that sends says, and the one that lists what was sent. */
import type { TextsOf } from '../translation.ts';

export const sendPageTexts: TextsOf<typeof import('../messages/en/pages/send.ts')> = {
  en: () => import('../messages/en/pages/send.ts'),
};
