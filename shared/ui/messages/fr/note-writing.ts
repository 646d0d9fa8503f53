import type { Translation } from '../../translation.ts';
import type { noteWritingTexts as English } from '../note-writing.ts';

export const noteWritingTexts = {
  'note.write': 'Écrire une note',
  'note.label': 'Votre note',
  'note.hint': 'Un texte, un mot de passe, un secret\u00a0: scellé comme un fichier, et visible seulement de qui le demande.',
  'note.size': (size) => `${size} sur 1 Mio`,
  'note.tooLong': (size) => `${size}\u00a0: une note contient au plus 1 Mio.`,
  'note.burn': 'Détruire après lecture',
  'note.burn.hint': 'Elle ne peut être affichée qu’une fois, puis elle est supprimée partout.',
  'note.burn.fact': 'Détruite après lecture',
  'note.files': 'Plutôt envoyer des fichiers',
  'note.change': 'Modifier la note ou ses options',
  'note.sending': 'Envoi de votre note',
  'note.failed.lead': 'Votre note est toujours là.',
  'note.done.lead': 'Votre note, scellée et stockée.',
  'note.done.whoever': 'Toute personne qui a ce lien peut lire la note. Transmettez-le par un canal sûr.',
} as const satisfies Translation<typeof English>;
