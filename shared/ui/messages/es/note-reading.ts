import type { Translation } from '../../translation.ts';
import type { noteReadingTexts as English } from '../note-reading.ts';

export const noteReadingTexts = {
  'note.title': 'Una nota para ti',
  'note.lead': 'Sigue sellada hasta que la pidas.',
  'note.once': 'Esta nota se puede mostrar una sola vez. Después se borra en todas partes.',
  'note.show': 'Mostrar la nota',
  'note.reading': 'Abriendo la nota',
  'note.shown.title': 'Tu nota',
  'note.shown.lead': 'Tal como se escribió.',
  'note.text': 'La nota',
  'note.copy': 'Copiar la nota',
  'note.copied': 'Copiada.',
  'note.copyFailed': 'La nota está seleccionada: cópiala a mano.',
  'note.hide': 'Ocultar',
  'note.showAgain': 'Mostrar de nuevo',
  'note.hidden': 'La nota está oculta. Sigue en esta página.',
  'note.burnt': 'Esta nota ya no existe: los nodos de almacenamiento la borran. Cuando cierres esta página, nadie podrá mostrarla de nuevo.',
  'note.stays': 'El enlace se puede abrir otra vez hasta que la nota caduque.',
  'note.back': 'Escribir una nota',
} as const satisfies Translation<typeof English>;
