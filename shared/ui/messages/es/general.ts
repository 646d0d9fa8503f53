import { formatCount } from '../../numbers.ts';
import type { Translation } from '../../translation.ts';
import type { generalTexts as English } from '../general.ts';
import { count, files, form } from './plurals.ts';

const left = (n: number, time: string): string => `${form(n, { one: 'Queda', many: 'Quedan', other: 'Quedan' })} ${time}`;
/** "Unos" stands before more than one. */
const about = (n: number, some: string, one: string, other: string): string => `${form(n, { one: 'alrededor de', many: some, other: some })} ${count(n, one, other)}`;

export const generalTexts = {
  // The frame
  'app.name': 'Shardsend',
  'app.home': 'Shardsend, enviar archivos',
  'app.promise': 'La clave viaja solo dentro del enlace. Nadie de quienes llevan los archivos puede leerlos.',
  'app.network': 'Cómo está la red',
  'app.sends': 'Mis envíos',
  'app.language': 'Idioma',

  // Lists
  'list.total': (n, size) => `${files(n)}, ${size}`,
  'list.showAll': (n) => `Mostrar los ${formatCount(n)}`,
  'list.showFewer': 'Mostrar menos',
  'list.more': (n, size) => `y ${formatCount(n)} más, ${size}`,
  'list.remove': (name) => `Quitar ${name}`,

  // What did not work
  'state.tryAgain': 'Intentar de nuevo',

  // Passwords
  'password.show': 'Mostrar la contraseña',
  'password.hide': 'Ocultar la contraseña',

  // Numbers in words
  'progress.of': (done, total) => `${done} de ${total}`,
  'time.almost': 'Ya casi está',
  'time.seconds': (n) => left(n, count(n, 'segundo', 'segundos')),
  'time.minutes': (n) => left(n, about(n, 'unos', 'minuto', 'minutos')),
  'time.hours': (n) => left(n, about(n, 'unas', 'hora', 'horas')),
  'time.days': (n) => left(n, about(n, 'unos', 'día', 'días')),
  'wait.seconds': (n) => count(n, 'segundo', 'segundos'),
  'wait.minutes': (minutes, seconds) => `${minutes}:${String(seconds).padStart(2, '0')} minutos`,
  'expiry.minutes': (n) => count(n, 'minuto', 'minutos'),
  'expiry.hours': (n) => count(n, 'hora', 'horas'),
  'expiry.days': (n) => count(n, 'día', 'días'),
  /** Breaks between the two alone. */
  'expiry.when': (moment, until) => `${moment}, ${until.replaceAll(' ', '\u00a0')}`,
  'ago.now': 'hace un momento',
  'ago.minutes': (n) => `hace ${count(n, 'minuto', 'minutos')}`,
  'ago.hours': (n) => `hace ${count(n, 'hora', 'horas')}`,
  'ago.days': (n) => `hace ${count(n, 'día', 'días')}`,
} as const satisfies Translation<typeof English>;
