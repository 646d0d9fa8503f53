import { formatPercent } from '../../numbers.ts';
import type { Translation } from '../../translation.ts';
import type { sendingTexts as English } from '../sending.ts';
import { count, files, form } from './plurals.ts';

export const sendingTexts = {
  // Choosing
  'send.title': 'Dateien vertraulich senden',
  'send.lead': 'Auf diesem Gerät verschlüsselt, in Teile zerlegt, auf unabhängige Rechner verteilt. Nur Ihr Link setzt sie wieder zusammen.',
  'send.facts': 'Was mit Ihren Dateien geschieht',
  'send.fact.sealed': 'Versiegelt, bevor ein einziges Byte hinausgeht',
  'send.fact.spread': 'Kein Rechner hat Ihre Dateien allein',
  'send.fact.gone': 'Nach Ablauf überall gelöscht',
  'send.drop': 'Dateien oder einen Ordner hier ablegen',
  'send.drop.over': 'Zum Hinzufügen loslassen',
  'send.drop.touch': 'Auswählen, was gesendet wird',
  'send.drop.hint': 'oder einfügen, irgendwo auf dieser Seite',
  'send.chooseFiles': 'Dateien auswählen',
  'send.chooseFolder': 'Ordner auswählen',
  'send.addFiles': 'Dateien hinzufügen',
  'send.addFolder': 'Ordner hinzufügen',
  'send.removeAll': 'Alle entfernen',
  'send.reading': 'Das Abgelegte wird gelesen',
  'send.chosen': 'Dateien zum Senden',
  'send.pastedName': 'Eingefügter Text.txt',
  'send.expires': 'Löschen nach',
  'send.limit': 'Erlaubte Downloads',
  'send.limit.none': 'Unbegrenzt',
  'send.limit.some': (n) => count(n, 'Download', 'Downloads'),
  'send.password': 'Passwort, wenn Sie möchten',
  'send.password.hint': 'Der Link öffnet sich dann nur zusammen mit dem Passwort. Teilen Sie es auf einem anderen Weg mit als den Link: Niemand kann es wiederherstellen.',
  'send.start': 'Sicher senden',

  // On its way
  'sending.title': (n) => `${files(n)} ${form(n, { one: 'wird', other: 'werden' })} gesendet`,
  'sending.lead':
    'Geben Sie den Link schon jetzt weiter: Wer ihn öffnet, bekommt, was da ist, und den Rest nach und nach. Lassen Sie diese Seite offen; sie darf im Hintergrund bleiben.',
  'sending.lead.early': 'Lassen Sie diese Seite offen; sie darf im Hintergrund bleiben.',
  'sending.preparing': 'Wird vorbereitet',
  'sending.progress': 'Wird gesendet',
  'sending.cancel': 'Abbrechen',
  'sending.cancelling': 'Wird abgebrochen',
  'sending.linkNow': 'Er funktioniert schon. Wer ihn hat, kann die Dateien öffnen. Geben Sie ihn auf einem Weg weiter, dem Sie vertrauen.',
  'sending.pause': 'Pausieren',
  'sending.proceed': 'Fortsetzen',
  'sending.paused': 'Pausiert. Was gespeichert ist, bleibt.',
  'sending.waiting': 'Warten auf das Netz',
  'sending.checking': 'Vergleich mit dem, was gesendet wurde',
  'sending.offline.title': 'Keine Verbindung',
  'sending.offline.text': 'Was gespeichert ist, bleibt. Das Senden geht von selbst weiter, sobald das Netz wieder da ist.',
  'sending.announce': (percent) => `${formatPercent(percent)} gesendet`,

  // Sends that ended too soon
  'unfinished.title': (name) => `${name} ist nicht ganz gesendet`,
  'unfinished.stored': (percent, size, n) =>
    `${formatPercent(percent)} von ${n === 1 ? size : `${files(n)}, ${size},`} sind gespeichert. Wählen Sie ${n === 1 ? 'die Datei' : 'dieselben Dateien'} noch einmal aus, um fortzusetzen: Was gespeichert ist, wird nicht zweimal gesendet.`,
  'unfinished.away': 'Wie viel gespeichert ist, lässt sich gerade nicht erfragen.',
  'unfinished.closed': 'Diese Seite konnte die Dateien nicht wieder öffnen. Wählen Sie sie selbst aus, um fortzusetzen.',
  'unfinished.continue': (name) => `${name} weiter senden`,
  'unfinished.giveUp': 'Stattdessen zurückziehen',

  // Done or not
  'done.title': 'Bereit zum Teilen',
  'done.lead': (n, size) => `${files(n)}, ${size}, versiegelt und gespeichert.`,
  'done.link': 'Link',
  'done.copy': 'Link kopieren',
  'done.copied': 'Kopiert.',
  'done.copyFailed': 'Der Link ist markiert: Kopieren Sie ihn von Hand.',
  'done.qr': 'QR-Code, der diese Sendung öffnet',
  'done.qr.hint': 'Scannen, um sie auf dem Handy zu öffnen',
  'done.whoever': 'Wer diesen Link hat, kann die Dateien öffnen. Geben Sie ihn auf einem Weg weiter, dem Sie vertrauen.',
  'done.locked': 'Er öffnet sich nur zusammen mit Ihrem Passwort. Teilen Sie es auf einem anderen Weg mit als den Link.',
  'done.expires': 'Wird gelöscht am',
  'done.limit': 'Erlaubte Downloads',
  'done.survives': (n, of) =>
    `Von den ${of} Rechnern, die Ihre Dateien bewahren, ${n === 1 ? 'kann ein beliebiger' : `können beliebige ${n}`} ausfallen, ohne dass etwas verloren geht.`,
  'done.survives.growing': (now, soon, of) =>
    `Von den ${of} Rechnern, die Ihre Dateien bewahren, ${now === 1 ? 'kann jetzt ein beliebiger' : `können jetzt beliebige ${now}`} ausfallen, bald ${soon}, ohne dass etwas verloren geht.`,
  'done.survives.soon': (n, of) =>
    `Bald ${n === 1 ? 'kann ein beliebiger' : `können beliebige ${n}`} der ${of} Rechner ausfallen, die Ihre Dateien bewahren, ohne dass etwas verloren geht.`,
  'done.small': 'Dieses Netz ist klein.',
  'done.small.operators': (n) =>
    n === 0
      ? 'Ein Betreiber hat die meisten dieser Rechner, Ihre Dateien hängen also von ihm ab.'
      : `Einige dieser Rechner haben denselben Betreiber; ${n === 1 ? 'ein beliebiger Betreiber kann' : `${n} beliebige Betreiber können`} mit allen eigenen ausfallen.`,
  'done.small.places': 'Viele dieser Rechner teilen sich einen Ort oder Anbieter und könnten gemeinsam ausfallen.',
  'done.small.newcomers': 'Viele sind neu und müssen sich erst bewähren.',
  'done.small.absences': 'Wenige laufen ständig, ein Download muss also vielleicht warten.',
  'done.again': 'Noch etwas senden',
  'done.revoke': 'Zurückziehen',
  'done.revoke.ask': 'Diese Sendung zurückziehen? Ihre Dateien werden von jedem Speicherknoten gelöscht und der Link funktioniert nicht mehr.',
  'done.revoke.yes': 'Dateien jetzt löschen',
  'done.revoke.no': 'Behalten',
  'done.revoke.busy': 'Wird zurückgezogen',
  'done.revoked.title': 'Zurückgezogen',
  'done.revoked.text': 'Der Link funktioniert nicht mehr, und jeder Speicherknoten hat den Auftrag, die Dateien zu löschen.',
  'sendFailed.title': 'Noch nicht gesendet',
  'sendFailed.lead': 'Ihre Auswahl ist noch hier.',
  'sendFailed.kept': 'Was gespeichert ist, bleibt: Sie können jetzt oder später fortsetzen.',
  'sendFailed.continue': 'Fortsetzen',
  'sendFailed.changed.title': 'Das sind nicht mehr dieselben Dateien',
  'sendFailed.changed.text':
    'Sie weichen von dem ab, was schon gespeichert war, deshalb kam nichts hinzu. Senden Sie sie so, wie sie jetzt sind, unter einem neuen Link, oder wählen Sie die Dateien, wie sie waren.',
  'sendFailed.anew': 'So senden, wie es jetzt ist',
  'sendFailed.retry': 'Noch einmal versuchen',
  'sendFailed.change': 'Dateien oder Optionen ändern',
} as const satisfies Translation<typeof English>;
