import type { Translation } from '../../translation.ts';
import type { noteWritingTexts as English } from '../note-writing.ts';

export const noteWritingTexts = {
  'note.write': 'Escribir una nota',
  'note.label': 'Tu nota',
  'note.hint': 'Un texto, una contraseña, un secreto: sellado como un archivo, y solo lo ve quien lo pida.',
  'note.size': (size) => `${size} de 1 MiB`,
  'note.tooLong': (size) => `${size}: una nota admite hasta 1 MiB.`,
  'note.burn': 'Destruir tras leer',
  'note.burn.hint': 'Se puede mostrar una sola vez y después se borra en todas partes.',
  'note.burn.fact': 'Se destruye tras leerla',
  'note.files': 'Mejor enviar archivos',
  'note.change': 'Cambiar la nota o sus opciones',
  'note.sending': 'Enviando tu nota',
  'note.failed.lead': 'Tu nota sigue aquí.',
  'note.done.lead': 'Tu nota, sellada y guardada.',
  'note.done.whoever': 'Quien tenga este enlace puede leer la nota. Compártelo por un canal de confianza.',
} as const satisfies Translation<typeof English>;
