import { formatCount } from '../../numbers.ts';
import type { Translation } from '../../translation.ts';
import type { generalTexts as English } from '../general.ts';
import { count, files } from './plurals.ts';

export const generalTexts = {
  // The frame
  'app.name': 'Shardsend',
  'app.home': 'Shardsend, Dateien senden',
  'app.promise': 'Der Schlüssel reist nur im Link. Niemand, der die Dateien befördert, kann sie lesen.',
  'app.network': 'Wie es dem Netz geht',
  'app.sends': 'Meine Sendungen',
  'app.language': 'Sprache',

  // Lists
  'list.total': (n, size) => `${files(n)}, ${size}`,
  'list.showAll': (n) => `Alle ${formatCount(n)} zeigen`,
  'list.showFewer': 'Weniger zeigen',
  'list.more': (n, size) => `und ${formatCount(n)} weitere, ${size}`,
  'list.remove': (name) => `${name} entfernen`,

  // What did not work
  'state.tryAgain': 'Noch einmal versuchen',

  // Passwords
  'password.show': 'Passwort zeigen',
  'password.hide': 'Passwort verbergen',

  // Numbers in words
  'progress.of': (done, total) => `${done} von ${total}`,
  'time.almost': 'Fast fertig',
  'time.seconds': (n) => `Noch ${count(n, 'Sekunde', 'Sekunden')}`,
  'time.minutes': (n) => `Noch etwa ${count(n, 'Minute', 'Minuten')}`,
  'time.hours': (n) => `Noch etwa ${count(n, 'Stunde', 'Stunden')}`,
  'time.days': (n) => `Noch etwa ${count(n, 'Tag', 'Tage')}`,
  'wait.seconds': (n) => count(n, 'Sekunde', 'Sekunden'),
  'wait.minutes': (minutes, seconds) => `${minutes}:${String(seconds).padStart(2, '0')} Minuten`,
  'expiry.minutes': (n) => count(n, 'Minute', 'Minuten'),
  'expiry.hours': (n) => count(n, 'Stunde', 'Stunden'),
  'expiry.days': (n) => count(n, 'Tag', 'Tage'),
  /** Breaks between the two alone. */
  'expiry.when': (moment, until) => `${moment}, ${until.replaceAll(' ', '\u00a0')}`,
  'ago.now': 'gerade eben',
  'ago.minutes': (n) => `vor ${count(n, 'Minute', 'Minuten')}`,
  'ago.hours': (n) => `vor ${count(n, 'Stunde', 'Stunden')}`,
  'ago.days': (n) => `vor ${count(n, 'Tag', 'Tagen')}`,
} as const satisfies Translation<typeof English>;
