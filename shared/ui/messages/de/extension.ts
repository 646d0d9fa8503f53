import { formatCount } from '../../numbers.ts';
import type { Translation } from '../../translation.ts';
import type { extensionTexts as English } from '../extension.ts';
import { count, files, form } from './plurals.ts';

export const extensionTexts = {
  'popup.send': 'Dateien senden',
  'popup.through': 'Über',
  'popup.options': 'Optionen',
  'menu.send': 'Sicher senden',
  'notify.done.title': 'Bereit zum Teilen',
  'notify.done.text': (n) => `${files(n)} ${form(n, { one: 'kann', other: 'können' })} jetzt heruntergeladen werden. Kopieren Sie den Link im Shardsend-Tab.`,
  'notify.failed.title': 'Noch nicht gesendet',
  'omnibox.hint': 'Diesen Text als Notiz senden, oder die Datei unter dieser Adresse',
  'capture.title': 'Ihre Auswahl wird geholt',
  'capture.from': (host) => `Von ${host}`,
  'capture.page': 'Die Seite kommt mit ihren Formaten, Bildern und Schriften in eine Datei.',
  'capture.soFar': (size) => `${size} bisher`,
  'capture.announce': (percent) => `${formatCount(percent)} Prozent geholt`,
  'capture.cancel': 'Abbrechen',
  'capture.permission.title': 'Eine Erlaubnis fehlt',
  'capture.permission.text': (host) =>
    `Um diese Datei zu holen, muss Shardsend sie von ${host} lesen, so wie man Sie dort kennt. Ihr Browser wird Sie fragen. Die Erlaubnis wird zurückgegeben, sobald die Datei hier ist.`,
  'capture.permission.elsewhere': (host) =>
    `${host} führt weiter zu einer anderen Website, und Ihr Browser sagt Erweiterungen nicht, zu welcher. Um ihr zu folgen, muss Shardsend für diese eine Datei von jeder Website lesen dürfen. Ihr Browser wird Sie fragen. Die Erlaubnis wird zurückgegeben, sobald die Datei hier ist.`,
  'capture.permission.allow': (host) => `${host} erlauben`,
  'capture.permission.allowAny': 'Für diese Datei erlauben',
  'capture.permission.denied': 'Ohne die Erlaubnis lässt sich die Datei nicht holen. Erlauben Sie es, oder speichern Sie die Datei und wählen Sie sie hier aus.',
  'capture.retry': 'Noch einmal versuchen',
  'capture.skip': 'Stattdessen Dateien auswählen',
  'capture.partly.title': 'Die Seite ist hier, aber nicht ganz vollständig',
  'capture.partly.text': (n) =>
    `${count(n, 'Bild, Format oder eine Schrift', 'Bilder, Formate oder Schriften')} ${form(n, { one: 'ließ', other: 'ließen' })} sich nicht lesen und ${form(n, { one: 'fehlt', other: 'fehlen' })} darin.`,
  'capture.partly.sites': (hosts) =>
    `Dafür müssten diese Websites gelesen werden: ${hosts}. Ihr Browser wird Sie fragen, und die Erlaubnis wird zurückgegeben, sobald die Seite hier ist.`,
  'capture.partly.allow': 'Diese Websites erlauben',
  'capture.partly.keep': 'So lassen',
  'capture.failed.title': 'Das ließ sich nicht holen',
  'capture.failed.unauthorized': (status) =>
    `Die Website verlangt, dass Sie sich erst anmelden (Fehler ${status}). Melden Sie sich dort in einem Tab an und versuchen Sie es noch einmal.`,
  'capture.failed.forbidden': (status) =>
    `Die Website weigert sich, das herauszugeben (Fehler ${status}). Vielleicht zeigt sie es nur auf eigenen Seiten. Speichern Sie die Datei und wählen Sie sie hier aus.`,
  'capture.failed.missing': (status) => `Unter dieser Adresse ist nichts mehr (Fehler ${status}). Laden Sie die Seite neu, um zu sehen, ob es umgezogen ist.`,
  'capture.failed.busy': (status) => `Die Website wird gerade zu oft gefragt (Fehler ${status}). Warten Sie ein wenig und versuchen Sie es noch einmal.`,
  'capture.failed.trouble': (status) => `Die Website hat selbst Schwierigkeiten (Fehler ${status}). Versuchen Sie es später noch einmal.`,
  'capture.failed.status': (status) =>
    `Die Website hat mit Fehler ${status} geantwortet. Öffnen Sie die Adresse in einem Tab, um zu sehen, ob sie funktioniert, oder speichern Sie die Datei und wählen Sie sie hier aus.`,
  'capture.failed.network':
    'Die Website hat nicht geantwortet oder lässt das niemanden lesen. Öffnen Sie die Adresse in einem Tab, um zu sehen, ob sie funktioniert, oder speichern Sie die Datei und wählen Sie sie hier aus.',
  'capture.failed.offline': 'Sie sind offline. Stellen Sie eine Verbindung her und versuchen Sie es noch einmal.',
  'capture.failed.broken': 'Die Verbindung brach ab, bevor alles hier war. Versuchen Sie es noch einmal.',
  'capture.failed.signIn':
    'Die Website hat statt der Datei eine Seite geschickt, vielleicht eine zum Anmelden. Öffnen Sie die Adresse in einem Tab, melden Sie sich dort an und versuchen Sie es noch einmal.',
  'capture.failed.elsewhere':
    'Die Adresse führt weiter zu einer Website, die das niemanden lesen lässt. Öffnen Sie sie in einem Tab, speichern Sie die Datei und wählen Sie sie hier aus.',
  'capture.failed.scheme': (scheme) => `Eine Adresse, die mit ${scheme} beginnt, nennt keine Datei, die sich holen ließe. Speichern Sie die Datei und wählen Sie sie hier aus.`,
  'capture.failed.page': 'Ihr Browser lässt Erweiterungen diese Seite nicht lesen, oder ihr Tab wurde geschlossen. Speichern Sie die Seite und wählen Sie die Datei hier aus.',
  'capture.failed.gone':
    'Die Seite hat diese Datei nicht mehr, oder ihr Tab wurde geschlossen. Laden Sie sie neu und versuchen Sie es noch einmal, oder speichern Sie die Datei und wählen Sie sie hier aus.',
  'capture.failed.streamed':
    'Die Seite spielt das in Stücken ab, wie sie kommen: Es gibt keine Datei, die sich holen ließe. Suchen Sie auf der Seite nach einem Download und wählen Sie die Datei hier aus.',
  'capture.failed.room': 'Auf diesem Gerät ist nicht genug Platz, um das zu holen. Schaffen Sie welchen und versuchen Sie es noch einmal.',
  'capture.failed.tooLarge': 'Das ist mehr, als sich auf einmal senden lässt: 1 TiB.',
  'capture.lost': 'Was Sie senden wollten, ging beim Schließen des Browsers verloren. Wählen Sie es noch einmal aus.',
  'capture.selectionName': 'Auswahl.txt',
  'capture.selectionFrom': (address) => `Von: ${address}`,
  'options.identity': 'Anlegen oder entsperren',
  'options.title': 'Optionen',
  'options.lead': 'Sie gelten für alles, was Sie von jetzt an senden.',
  'options.coordinator': 'Adresse des Koordinators',
  'options.coordinator.hint': 'Der Dienst, der Plätze auf Speicherknoten vergibt. Er sieht nie Schlüssel, Namen oder Inhalte.',
  'options.coordinator.invalid': 'Geben Sie eine Adresse wie https://send.example.org ein; http:// geht nur für diesen Rechner.',
  'options.save': 'Speichern',
  'options.saved': 'Gespeichert.',
  'options.check': 'Verbindung prüfen',
  'options.checking': 'Wird geprüft',
  'options.online': (online, total) => `Er antwortet: ${formatCount(online)} von ${count(total, 'Speicherknoten', 'Speicherknoten')} online.`,
  'options.unreachable': 'Unter dieser Adresse ist gerade kein Koordinator.',
} as const satisfies Translation<typeof English>;
