/** What is said of a note and in a preview: loaded with what shows them. */
import type { TextsOf } from '../translation.ts';

export const viewsTexts: TextsOf<typeof import('../messages/en/pages/views.ts')> = {
  en: () => import('../messages/en/pages/views.ts'),
  de: () => import('../messages/de/pages/views.ts'),
  es: () => import('../messages/es/pages/views.ts'),
  fr: () => import('../messages/fr/pages/views.ts'),
};
