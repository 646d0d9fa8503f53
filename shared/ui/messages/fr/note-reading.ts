import type { Translation } from '../../translation.ts';
import type { noteReadingTexts as English } from '../note-reading.ts';

export const noteReadingTexts = {
  'note.title': 'Une note pour vous',
  'note.lead': 'Elle reste scellée jusqu’à ce que vous la demandiez.',
  'note.once': 'Cette note ne peut être affichée qu’une fois. Ensuite, elle est supprimée partout.',
  'note.show': 'Afficher la note',
  'note.reading': 'Ouverture de la note',
  'note.shown.title': 'Votre note',
  'note.shown.lead': 'Exactement telle qu’elle a été écrite.',
  'note.text': 'La note',
  'note.copy': 'Copier la note',
  'note.copied': 'Copiée.',
  'note.copyFailed': 'La note est sélectionnée\u00a0: copiez-la à la main.',
  'note.hide': 'Masquer',
  'note.showAgain': 'Afficher de nouveau',
  'note.hidden': 'La note est masquée. Elle est toujours dans cette page.',
  'note.burnt': 'Cette note n’existe plus\u00a0: les nœuds de stockage la suppriment. Une fois cette page fermée, plus personne ne pourra l’afficher.',
  'note.stays': 'Le lien peut être rouvert jusqu’à l’expiration de la note.',
  'note.back': 'Écrire une note',
} as const satisfies Translation<typeof English>;
