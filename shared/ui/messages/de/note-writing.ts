import type { Translation } from '../../translation.ts';
import type { noteWritingTexts as English } from '../note-writing.ts';

export const noteWritingTexts = {
  'note.write': 'Notiz schreiben',
  'note.label': 'Ihre Notiz',
  'note.hint': 'Ein Text, ein Passwort, ein Geheimnis: versiegelt wie eine Datei und nur für den sichtbar, der es aufruft.',
  'note.size': (size) => `${size} von 1 MiB`,
  'note.tooLong': (size) => `${size}: Eine Notiz fasst bis zu 1 MiB.`,
  'note.burn': 'Nach dem Lesen vernichten',
  'note.burn.hint': 'Sie lässt sich einmal zeigen und wird danach überall gelöscht.',
  'note.burn.fact': 'Nach dem Lesen vernichtet',
  'note.files': 'Lieber Dateien senden',
  'note.change': 'Notiz oder Optionen ändern',
  'note.sending': 'Ihre Notiz wird gesendet',
  'note.failed.lead': 'Ihre Notiz ist noch hier.',
  'note.done.lead': 'Ihre Notiz, versiegelt und gespeichert.',
  'note.done.whoever': 'Wer diesen Link hat, kann die Notiz lesen. Geben Sie ihn auf einem Weg weiter, dem Sie vertrauen.',
} as const satisfies Translation<typeof English>;
