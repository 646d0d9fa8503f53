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
  'capture.title': 'Ihre Auswahl wird geholt',
  'capture.from': (host) => `Von ${host}`,
  'capture.permission.title': 'Eine Erlaubnis fehlt',
  'capture.permission.text': (host) =>
    `Um diese Datei zu holen, muss Shardsend sie von ${host} lesen. Ihr Browser wird Sie fragen. Die Erlaubnis wird zurückgegeben, sobald die Datei hier ist.`,
  'capture.permission.allow': (host) => `${host} erlauben`,
  'capture.permission.denied': 'Ohne die Erlaubnis lässt sich die Datei nicht holen. Erlauben Sie es, oder speichern Sie die Datei und wählen Sie sie hier aus.',
  'capture.retry': 'Noch einmal versuchen',
  'capture.skip': 'Stattdessen Dateien auswählen',
  'capture.failed.title': 'Das ließ sich nicht holen',
  'capture.failed.status': (status) =>
    `Die Website hat mit Fehler ${status} geantwortet. Öffnen Sie die Adresse in einem Tab, um zu sehen, ob sie funktioniert, oder speichern Sie die Datei und wählen Sie sie hier aus.`,
  'capture.failed.network': 'Die Website hat nicht geantwortet oder abgelehnt. Prüfen Sie Ihre Verbindung, oder speichern Sie die Datei und wählen Sie sie hier aus.',
  'capture.failed.scheme': 'Adressen dieser Art lassen sich nicht holen. Speichern Sie die Datei und wählen Sie sie hier aus.',
  'capture.failed.page': 'Ihr Browser lässt Erweiterungen diese Seite nicht lesen, oder ihr Tab wurde geschlossen. Speichern Sie die Seite und wählen Sie die Datei hier aus.',
  'capture.failed.gone': 'Die Seite hat diese Datei nicht mehr. Laden Sie sie neu und versuchen Sie es noch einmal, oder speichern Sie die Datei und wählen Sie sie hier aus.',
  'capture.lost': 'Was Sie senden wollten, ging beim Schließen des Browsers verloren. Wählen Sie es noch einmal aus.',
  'capture.selectionName': 'Auswahl.txt',
  'capture.selectionFrom': (address) => `Von: ${address}`,
  'options.identity': 'Anlegen oder entsperren',
  'options.title': 'Optionen',
  'options.lead': 'Sie gelten für alles, was Sie von jetzt an senden.',
  'options.coordinator': 'Adresse des Koordinators',
  'options.coordinator.hint': 'Der Dienst, der Plätze auf Speicherknoten vergibt. Er sieht nie Schlüssel, Namen oder Inhalte.',
  'options.coordinator.invalid': 'Geben Sie eine Adresse wie https://send.example.org ein; http:// geht nur für diesen Rechner.',
  'options.opensLinks': 'Links in der Erweiterung öffnen',
  'options.opensLinks.hint': 'Links dieses Koordinators öffnen sich dann in einer Seite dieser Erweiterung. Die Seite, die der Koordinator liefert, sieht nie einen Schlüssel.',
  'options.opensLinks.denied': (host) => `Gespeichert. Ohne die Erlaubnis, nach der Ihr Browser gefragt hat, öffnen sich Links zu ${host} in der Seite, die dieser liefert.`,
  'options.save': 'Speichern',
  'options.saved': 'Gespeichert.',
  'options.check': 'Verbindung prüfen',
  'options.checking': 'Wird geprüft',
  'options.online': (online, total) => `Er antwortet: ${formatCount(online)} von ${count(total, 'Speicherknoten', 'Speicherknoten')} online.`,
  'options.unreachable': 'Unter dieser Adresse ist gerade kein Koordinator.',
} as const satisfies Translation<typeof English>;
