import type { Translation } from '../../translation.ts';
import type { previewsTexts as English } from '../previews.ts';

export const previewsTexts = {
  'preview.title': (name) => `Vorschau von ${name}`,
  'preview.opening': 'Nur was zu sehen ist, wird geöffnet',
  'preview.none': 'Dieses Format wird hier nicht gezeigt. Laden Sie die Datei herunter, um sie zu öffnen.',
  'preview.undecodable': 'Ihr Browser kann dieses Format nicht zeigen. Laden Sie die Datei herunter, um sie zu öffnen.',
  'preview.more': 'Mehr zeigen',
  'preview.shown': (shown, of) => `${shown} von ${of}`,
  'preview.pdf': 'PDF in neuem Tab öffnen',
  'preview.pdf.hint': 'Ihr Browser zeigt es mit seiner eigenen Ansicht.',
  'preview.close': 'Schließen',
  'preview.retry': 'Noch einmal versuchen',
} as const satisfies Translation<typeof English>;
