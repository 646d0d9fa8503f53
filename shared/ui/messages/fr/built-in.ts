import type { Translation } from '../../translation.ts';
import type { builtInTexts as English } from '../built-in.ts';

export const builtInTexts = {
  'manifest.description': 'Envoyez des fichiers que seul leur destinataire peut lire et qu’aucune machine ne détient en entier.',
  'manifest.command': 'Envoyer la sélection, ou sinon cette page',

  // Where scripts are off, in every language
  'noscript.receive': 'Shardsend déchiffre dans votre navigateur et a besoin de JavaScript pour cela. Rien n’a été téléchargé ni consommé.',
  'noscript.send': 'Shardsend chiffre dans votre navigateur et a besoin de JavaScript pour cela.',
  'noscript.network': 'Cette page demande ses chiffres au réseau et a besoin de JavaScript pour cela.',
  'noscript.sends': 'Cette page déchiffre ce que votre navigateur garde de vos envois et a besoin de JavaScript pour cela.',
} as const satisfies Translation<typeof English>;
