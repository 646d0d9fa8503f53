import { formatCount } from '../../numbers.ts';
import type { Translation } from '../../translation.ts';
import type { extensionTexts as English } from '../extension.ts';
import { count, files, form } from './plurals.ts';

export const extensionTexts = {
  'popup.send': 'Enviar archivos',
  'popup.through': 'A través de',
  'popup.options': 'Opciones',
  'menu.send': 'Enviar de forma segura',
  'notify.done.title': 'Listo para compartir',
  'notify.done.text': (n) => `Ya se ${form(n, { one: 'puede', many: 'pueden', other: 'pueden' })} descargar ${files(n)}. Copia el enlace en la pestaña de Shardsend.`,
  'notify.failed.title': 'Aún no se ha enviado',
  'capture.title': 'Recogiendo lo que has elegido',
  'capture.from': (host) => `De ${host}`,
  'capture.permission.title': 'Falta un permiso',
  'capture.permission.text': (host) =>
    `Para recoger este archivo, Shardsend tiene que leerlo de ${host}. Tu navegador te preguntará. El permiso se devuelve en cuanto el archivo esté aquí.`,
  'capture.permission.allow': (host) => `Permitir ${host}`,
  'capture.permission.denied': 'Sin el permiso no se puede recoger el archivo. Permítelo, o guarda el archivo y elígelo aquí.',
  'capture.retry': 'Intentar de nuevo',
  'capture.skip': 'Mejor elegir archivos',
  'capture.failed.title': 'No se ha podido recoger',
  'capture.failed.status': (status) => `El sitio ha respondido con el error ${status}. Abre la dirección en una pestaña para ver si funciona, o guarda el archivo y elígelo aquí.`,
  'capture.failed.network': 'El sitio no ha respondido o se ha negado. Comprueba tu conexión, o guarda el archivo y elígelo aquí.',
  'capture.failed.scheme': 'Las direcciones de este tipo no se pueden recoger. Guarda el archivo y elígelo aquí.',
  'capture.failed.page': 'Tu navegador no deja que las extensiones lean esta página, o se cerró su pestaña. Guarda la página y elige el archivo aquí.',
  'capture.failed.gone': 'La página ya no tiene este archivo. Recárgala e inténtalo de nuevo, o guarda el archivo y elígelo aquí.',
  'capture.lost': 'Lo que elegiste enviar se olvidó al cerrar el navegador. Elígelo otra vez.',
  'capture.selectionName': 'selección.txt',
  'capture.selectionFrom': (address) => `De: ${address}`,
  'options.identity': 'Crearla o desbloquearla',
  'options.title': 'Opciones',
  'options.lead': 'Valen para todo lo que envíes a partir de ahora.',
  'options.coordinator': 'Dirección del coordinador',
  'options.coordinator.hint': 'El servicio que asigna lugares en los nodos de almacenamiento. Nunca ve claves, nombres ni contenidos.',
  'options.coordinator.invalid': 'Escribe una dirección como https://send.example.org; http:// solo sirve para este ordenador.',
  'options.save': 'Guardar',
  'options.saved': 'Guardado.',
  'options.check': 'Comprobar conexión',
  'options.checking': 'Comprobando',
  'options.online': (online, total) => `Responde: ${formatCount(online)} de ${count(total, 'nodo de almacenamiento', 'nodos de almacenamiento')} en línea.`,
  'options.unreachable': 'Ahora mismo no hay ningún coordinador en esta dirección.',
} as const satisfies Translation<typeof English>;
