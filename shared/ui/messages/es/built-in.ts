import type { Translation } from '../../translation.ts';
import type { builtInTexts as English } from '../built-in.ts';

export const builtInTexts = {
  'manifest.description': 'Envía archivos que solo puede leer quien los recibe y que ninguna máquina tiene enteros.',
  'manifest.command': 'Enviar lo seleccionado, o si no esta página',

  // Where scripts are off, in every language
  'noscript.receive': 'Shardsend descifra en tu navegador y para eso necesita JavaScript. No se ha descargado ni gastado nada.',
  'noscript.send': 'Shardsend cifra en tu navegador y para eso necesita JavaScript.',
  'noscript.network': 'Esta página pide sus cifras a la red y para eso necesita JavaScript.',
  'noscript.sends': 'Esta página descifra lo que tu navegador guarda de tus envíos y para eso necesita JavaScript.',
} as const satisfies Translation<typeof English>;
