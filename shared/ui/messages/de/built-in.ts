import type { Translation } from '../../translation.ts';
import type { builtInTexts as English } from '../built-in.ts';

export const builtInTexts = {
  'manifest.description': 'Dateien senden, die nur der Empfänger lesen kann und die kein Rechner allein hat.',
  'manifest.command': 'Senden, was ausgewählt ist, oder sonst diese Seite',

  // Where scripts are off, in every language
  'noscript.receive': 'Shardsend entschlüsselt in Ihrem Browser und braucht dafür JavaScript. Es wurde nichts heruntergeladen oder verbraucht.',
  'noscript.send': 'Shardsend verschlüsselt in Ihrem Browser und braucht dafür JavaScript.',
  'noscript.network': 'Diese Seite fragt das Netz nach seinen Zahlen und braucht dafür JavaScript.',
  'noscript.sends': 'Diese Seite entschlüsselt, was Ihr Browser von Ihren Sendungen aufbewahrt, und braucht dafür JavaScript.',
} as const satisfies Translation<typeof English>;
