import { formatCount } from '../../numbers.ts';
import type { Translation } from '../../translation.ts';
import type { generalTexts as English } from '../general.ts';
import { count, files } from './plurals.ts';

export const generalTexts = {
  // The frame
  'app.name': 'Shardsend',
  'app.home': 'Shardsend, envoyer des fichiers',
  'app.promise': 'La clé ne voyage que dans le lien. Personne, parmi ceux qui transportent les fichiers, ne peut les lire.',
  'app.network': 'L’état du réseau',
  'app.sends': 'Mes envois',
  'app.language': 'Langue',

  // Lists
  'list.total': (n, size) => `${files(n)}, ${size}`,
  'list.showAll': (n) => `Tout afficher (${formatCount(n)})`,
  'list.showFewer': 'Afficher moins',
  'list.more': (n, size) => `et ${formatCount(n)} de plus, ${size}`,
  'list.remove': (name) => `Retirer ${name}`,

  // What did not work
  'state.tryAgain': 'Réessayer',

  // Passwords
  'password.show': 'Afficher le mot de passe',
  'password.hide': 'Masquer le mot de passe',

  // Numbers in words
  'progress.of': (done, total) => `${done} sur ${total}`,
  'time.almost': 'Presque terminé',
  'time.seconds': (n) => `Encore ${count(n, 'seconde', 'secondes')}`,
  'time.minutes': (n) => `Encore ${count(n, 'minute', 'minutes')} environ`,
  'time.hours': (n) => `Encore ${count(n, 'heure', 'heures')} environ`,
  'time.days': (n) => `Encore ${count(n, 'jour', 'jours')} environ`,
  'wait.seconds': (n) => count(n, 'seconde', 'secondes'),
  'wait.minutes': (minutes, seconds) => `${minutes}:${String(seconds).padStart(2, '0')} minutes`,
  'expiry.minutes': (n) => count(n, 'minute', 'minutes'),
  'expiry.hours': (n) => count(n, 'heure', 'heures'),
  'expiry.days': (n) => count(n, 'jour', 'jours'),
  /** Breaks between the two alone. */
  'expiry.when': (moment, until) => `${moment}, ${until.replaceAll(' ', '\u00a0')}`,
  'ago.now': 'à l’instant',
  'ago.minutes': (n) => `il y a ${count(n, 'minute', 'minutes')}`,
  'ago.hours': (n) => `il y a ${count(n, 'heure', 'heures')}`,
  'ago.days': (n) => `il y a ${count(n, 'jour', 'jours')}`,
} as const satisfies Translation<typeof English>;
