import type { Translation } from '../../translation.ts';
import type { noteReadingTexts as English } from '../note-reading.ts';

export const noteReadingTexts = {
  'note.title': 'Eine Notiz für Sie',
  'note.lead': 'Sie bleibt versiegelt, bis Sie sie aufrufen.',
  'note.once': 'Diese Notiz lässt sich einmal zeigen. Dann wird sie überall gelöscht.',
  'note.show': 'Notiz zeigen',
  'note.reading': 'Die Notiz wird geöffnet',
  'note.shown.title': 'Ihre Notiz',
  'note.shown.lead': 'Genau so, wie sie geschrieben wurde.',
  'note.text': 'Die Notiz',
  'note.copy': 'Notiz kopieren',
  'note.copied': 'Kopiert.',
  'note.copyFailed': 'Die Notiz ist markiert: Kopieren Sie sie von Hand.',
  'note.hide': 'Verbergen',
  'note.showAgain': 'Wieder zeigen',
  'note.hidden': 'Die Notiz ist verborgen. Sie ist noch auf dieser Seite.',
  'note.burnt': 'Diese Notiz gibt es nicht mehr: Die Speicherknoten löschen sie. Sobald Sie diese Seite schließen, kann niemand sie noch einmal zeigen.',
  'note.stays': 'Der Link lässt sich wieder öffnen, bis die Notiz abläuft.',
  'note.back': 'Selbst eine Notiz schreiben',
} as const satisfies Translation<typeof English>;
