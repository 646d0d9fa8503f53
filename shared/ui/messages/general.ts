/** What every page may say: its frame, lists, and numbers in words. */
import { formatCount } from '../numbers.ts';
import { count, files } from './plurals.ts';

export const generalTexts = {
  // The frame
  'app.name': 'Shardsend',
  'app.home': 'Shardsend, send files',
  'app.promise': 'The key travels only inside the link. Nobody who carries the files can read them.',
  'app.network': 'How the network is doing',
  'app.sends': 'My sends',
  'app.language': 'Language',

  // Lists
  'list.total': (n: number, size: string) => `${files(n)}, ${size}`,
  'list.showAll': (n: number) => `Show all ${formatCount(n)}`,
  'list.showFewer': 'Show fewer',
  'list.more': (n: number, size: string) => `and ${formatCount(n)} more, ${size}`,
  'list.remove': (name: string) => `Remove ${name}`,

  // What did not work
  'state.tryAgain': 'Try again',

  // Passwords
  'password.show': 'Show the password',
  'password.hide': 'Hide the password',

  // Numbers in words
  'progress.of': (done: string, total: string) => `${done} of ${total}`,
  'time.almost': 'Almost done',
  'time.seconds': (n: number) => `${count(n, 'second', 'seconds')} left`,
  'time.minutes': (n: number) => `About ${count(n, 'minute', 'minutes')} left`,
  'time.hours': (n: number) => `About ${count(n, 'hour', 'hours')} left`,
  'time.days': (n: number) => `About ${count(n, 'day', 'days')} left`,
  'wait.seconds': (n: number) => count(n, 'second', 'seconds'),
  'wait.minutes': (minutes: number, seconds: number) => `${minutes}:${String(seconds).padStart(2, '0')} minutes`,
  'expiry.minutes': (n: number) => count(n, 'minute', 'minutes'),
  'expiry.hours': (n: number) => count(n, 'hour', 'hours'),
  'expiry.days': (n: number) => count(n, 'day', 'days'),
  /** Breaks between the two alone. */
  'expiry.when': (moment: string, until: string) => `${moment}, ${until.replaceAll(' ', '\u00a0')}`,
  'ago.now': 'moments ago',
  'ago.minutes': (n: number) => `${count(n, 'minute', 'minutes')} ago`,
  'ago.hours': (n: number) => `${count(n, 'hour', 'hours')} ago`,
  'ago.days': (n: number) => `${count(n, 'day', 'days')} ago`,
} as const;
