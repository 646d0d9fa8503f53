import { formatPercent } from '../../numbers.ts';
import type { Translation } from '../../translation.ts';
import type { sendingTexts as English } from '../sending.ts';
import { count, files, form } from './plurals.ts';

export const sendingTexts = {
  // Choosing
  'send.title': 'Envía archivos en privado',
  'send.lead': 'Cifrados en este dispositivo, divididos en partes y repartidos entre ordenadores independientes. Solo tu enlace los vuelve a unir.',
  'send.facts': 'Qué pasa con tus archivos',
  'send.fact.sealed': 'Sellados antes de que salga un solo byte',
  'send.fact.spread': 'Ninguna máquina tiene tus archivos enteros',
  'send.fact.gone': 'Borrados en todas partes cuando caducan',
  'send.drop': 'Suelta aquí archivos o una carpeta',
  'send.drop.over': 'Suéltalos para añadirlos',
  'send.drop.touch': 'Elige qué enviar',
  'send.drop.hint': 'o pégalos en cualquier punto de esta página',
  'send.chooseFiles': 'Elegir archivos',
  'send.chooseFolder': 'Elegir una carpeta',
  'send.addFiles': 'Añadir archivos',
  'send.addFolder': 'Añadir una carpeta',
  'send.removeAll': 'Quitar todo',
  'send.reading': 'Leyendo lo que has soltado',
  'send.chosen': 'Archivos por enviar',
  'send.pastedName': 'texto pegado.txt',
  'send.expires': 'Borrar después de',
  'send.limit': 'Descargas permitidas',
  'send.limit.none': 'Sin límite',
  'send.limit.some': (n) => count(n, 'descarga', 'descargas'),
  'send.password': 'Contraseña, si quieres una',
  'send.password.hint': 'El enlace solo se abrirá junto con ella. Dila por una vía distinta del enlace: nadie puede recuperarla.',
  'send.start': 'Enviar de forma segura',

  // On its way
  'sending.title': (n) => `Enviando ${files(n)}`,
  'sending.lead': 'Comparte ya el enlace: quien lo abra recibe lo que haya y el resto a medida que llega. Deja esta página abierta; puede quedar en segundo plano.',
  'sending.lead.early': 'Deja esta página abierta; puede quedar en segundo plano.',
  'sending.preparing': 'Preparando',
  'sending.progress': 'Envío en curso',
  'sending.cancel': 'Cancelar',
  'sending.cancelling': 'Cancelando',
  'sending.linkNow': 'Ya funciona. Quien lo tenga puede abrir los archivos. Compártelo por un canal de confianza.',
  'sending.pause': 'Pausar',
  'sending.proceed': 'Continuar',
  'sending.paused': 'En pausa. Lo guardado se conserva.',
  'sending.waiting': 'Esperando a la red',
  'sending.checking': 'Comparando con lo ya enviado',
  'sending.offline.title': 'Sin conexión',
  'sending.offline.text': 'Lo guardado se conserva. El envío sigue solo cuando vuelva la red.',
  'sending.announce': (percent) => `${formatPercent(percent)} enviado`,

  // Sends that ended too soon
  'unfinished.title': (name) => `${name} no se ha enviado del todo`,
  'unfinished.stored': (percent, size, n) =>
    `Está guardado el ${formatPercent(percent)} de ${n === 1 ? size : `${files(n)}, ${size}`}. Elige otra vez ${n === 1 ? 'el archivo' : 'los mismos archivos'} para continuar: lo guardado no se envía dos veces.`,
  'unfinished.away': 'Ahora no se puede saber cuánto está guardado.',
  'unfinished.closed': 'Esta página no ha podido volver a abrir los archivos. Elígelos tú para continuar.',
  'unfinished.continue': (name) => `Continuar con ${name}`,
  'unfinished.giveUp': 'Mejor retirarlo',

  // Done or not
  'done.title': 'Listo para compartir',
  'done.lead': (n, size) => `${files(n)}, ${size}: ${form(n, { one: 'sellado y guardado', many: 'sellados y guardados', other: 'sellados y guardados' })}.`,
  'done.link': 'Enlace',
  'done.copy': 'Copiar enlace',
  'done.copied': 'Copiado.',
  'done.copyFailed': 'El enlace está seleccionado: cópialo a mano.',
  'done.qr': 'Código QR que abre este envío',
  'done.qr.hint': 'Escanéalo para abrirlo en un móvil',
  'done.whoever': 'Quien tenga este enlace puede abrir los archivos. Compártelo por un canal de confianza.',
  'done.locked': 'Solo se abre junto con tu contraseña. Dila por una vía distinta del enlace.',
  'done.expires': 'Se borra el',
  'done.limit': 'Descargas permitidas',
  'done.survives': (n, of) =>
    n === 1
      ? `Puede fallar cualquiera de los ${of} ordenadores que guardan tus archivos y no se pierde nada.`
      : `Pueden fallar ${n} cualesquiera de los ${of} ordenadores que guardan tus archivos y no se pierde nada.`,
  'done.survives.growing': (now, soon, of) =>
    `${now === 1 ? 'Ahora puede fallar uno cualquiera' : `Ahora pueden fallar ${now} cualesquiera`} de los ${of} ordenadores que guardan tus archivos, y pronto ${soon}, y no se pierde nada.`,
  'done.survives.soon': (n, of) =>
    n === 1
      ? `Pronto podrá fallar cualquiera de los ${of} ordenadores que guardan tus archivos sin que se pierda nada.`
      : `Pronto podrán fallar ${n} cualesquiera de los ${of} ordenadores que guardan tus archivos sin que se pierda nada.`,
  'done.small': 'Esta red es pequeña.',
  'done.small.operators': (n) =>
    n === 0
      ? 'Un solo operador lleva la mayoría de estos ordenadores, así que tus archivos dependen de él.'
      : `Algunos de estos ordenadores comparten operador; ${n === 1 ? 'puede fallar un operador' : `pueden fallar ${n} operadores`} con todos los suyos.`,
  'done.small.places': 'Muchos de estos ordenadores comparten lugar o proveedor y podrían fallar a la vez.',
  'done.small.newcomers': 'Muchos son nuevos y aún tienen que demostrar su fiabilidad.',
  'done.small.absences': 'Pocos están siempre encendidos, así que una descarga quizá tenga que esperar.',
  'done.again': 'Enviar otra cosa',
  'done.revoke': 'Retirar',
  'done.revoke.ask': '¿Retirar este envío? Sus archivos se borran de todos los nodos de almacenamiento y el enlace deja de funcionar.',
  'done.revoke.yes': 'Borrar los archivos ya',
  'done.revoke.no': 'Conservarlos',
  'done.revoke.busy': 'Retirando',
  'done.revoked.title': 'Retirado',
  'done.revoked.text': 'El enlace ya no funciona, y todos los nodos de almacenamiento tienen la orden de borrar los archivos.',
  'sendFailed.title': 'Aún no se ha enviado',
  'sendFailed.lead': 'Tu selección sigue aquí.',
  'sendFailed.kept': 'Lo guardado se conserva: puedes continuar ahora o más tarde.',
  'sendFailed.continue': 'Continuar',
  'sendFailed.changed.title': 'Ya no son los mismos archivos',
  'sendFailed.changed.text':
    'No coinciden con lo que se había guardado de ellos, así que no se ha añadido nada. Envíalos como están ahora con otro enlace, o elige los archivos como estaban.',
  'sendFailed.anew': 'Enviar como está ahora',
  'sendFailed.retry': 'Intentar de nuevo',
  'sendFailed.change': 'Cambiar archivos u opciones',
} as const satisfies Translation<typeof English>;
