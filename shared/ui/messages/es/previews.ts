import type { Translation } from '../../translation.ts';
import type { previewsTexts as English } from '../previews.ts';

export const previewsTexts = {
  'preview.title': (name) => `Vista previa de ${name}`,
  'preview.opening': 'Abriendo solo lo que se muestra',
  'preview.none': 'Este formato no se muestra aquí. Descarga el archivo para abrirlo.',
  'preview.undecodable': 'Tu navegador no puede mostrar este formato. Descarga el archivo para abrirlo.',
  'preview.more': 'Mostrar más',
  'preview.shown': (shown, of) => `${shown} de ${of}`,
  'preview.pdf': 'Abrir el PDF en otra pestaña',
  'preview.pdf.hint': 'Tu navegador lo muestra con su propio visor.',
  'preview.close': 'Cerrar',
  'preview.retry': 'Intentar de nuevo',
} as const satisfies Translation<typeof English>;
