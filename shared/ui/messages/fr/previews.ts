import type { Translation } from '../../translation.ts';
import type { previewsTexts as English } from '../previews.ts';

export const previewsTexts = {
  'preview.title': (name) => `Aperçu de ${name}`,
  'preview.opening': 'Seul ce qui est affiché est ouvert',
  'preview.none': 'Ce format ne s’affiche pas ici. Téléchargez le fichier pour l’ouvrir.',
  'preview.undecodable': 'Votre navigateur ne peut pas afficher ce format. Téléchargez le fichier pour l’ouvrir.',
  'preview.more': 'Afficher plus',
  'preview.shown': (shown, of) => `${shown} sur ${of}`,
  'preview.pdf': 'Ouvrir le PDF dans un nouvel onglet',
  'preview.pdf.hint': 'Votre navigateur l’affiche avec sa propre visionneuse.',
  'preview.close': 'Fermer',
  'preview.retry': 'Réessayer',
} as const satisfies Translation<typeof English>;
