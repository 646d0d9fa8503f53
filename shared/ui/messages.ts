/**
 * Every text that a page shows, by key. What went wrong is told by `sentenceOf(code)` in shared/protocol/errors.ts; here
 * stand the headings above such sentences. Texts with numbers are functions, so that each language can form its plurals.
 */
import { sentenceOf, type ErrorCode } from '../protocol/errors.ts';

const count = (n: number, one: string, many: string): string => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
const files = (n: number): string => count(n, 'file', 'files');

const catalogue = {
  'app.name': 'Shardsend',
  'app.home': 'Shardsend, send files',
  'app.promise': 'The key travels only inside the link. Nobody who carries the files can read them.',

  // Sending: choosing
  'send.title': 'Send files privately',
  'send.lead': 'Encrypted on this device, cut into pieces, spread over independent computers. Only your link puts them together.',
  'send.facts': 'What happens to your files',
  'send.fact.sealed': 'Sealed before a single byte leaves',
  'send.fact.spread': 'No one machine holds your files',
  'send.fact.gone': 'Deleted everywhere when they expire',
  'send.drop': 'Drop files or a folder here',
  'send.drop.over': 'Let go to add them',
  'send.drop.hint': 'or paste, from anywhere on this page',
  'send.chooseFiles': 'Choose files',
  'send.chooseFolder': 'Choose a folder',
  'send.addFiles': 'Add files',
  'send.addFolder': 'Add a folder',
  'send.removeAll': 'Remove all',
  'send.remove': (name: string) => `Remove ${name}`,
  'send.reading': 'Reading what you dropped',
  'send.chosen': 'Files to send',
  'send.pastedName': 'pasted text.txt',
  'send.expires': 'Delete after',
  'send.limit': 'Downloads allowed',
  'send.limit.none': 'No limit',
  'send.limit.some': (n: number) => count(n, 'download', 'downloads'),
  'send.start': 'Send securely',

  // Sending: on its way
  'sending.title': (n: number) => `Sending ${files(n)}`,
  'sending.lead': 'Keep this page open until everything is stored. It may stay in the background.',
  'sending.preparing': 'Preparing',
  'sending.progress': 'Sending',
  'sending.cancel': 'Cancel',
  'sending.cancelling': 'Cancelling',
  'sending.linkEarly': 'Your link works as soon as everything is stored.',
  'sending.announce': (percent: number) => `${percent} percent sent`,

  // Sending: done or not
  'done.title': 'Ready to share',
  'done.lead': (n: number, size: string) => `${files(n)}, ${size}, sealed and stored.`,
  'done.link': 'Link',
  'done.copy': 'Copy link',
  'done.copied': 'Copied.',
  'done.copyFailed': 'Select the link and copy it by hand.',
  'done.qr': 'QR code that opens this transfer',
  'done.qr.hint': 'Scan to open on a phone',
  'done.whoever': 'Whoever has this link can open the files. Share it over a channel you trust.',
  'done.expires': 'Deleted on',
  'done.limit': 'Downloads allowed',
  'done.survives': 'Safe even if',
  'done.survives.nodes': (n: number) => `${count(n, 'storage node', 'storage nodes')} ${n === 1 ? 'fails' : 'fail'} now`,
  'done.again': 'Send something else',
  'done.revoke': 'Withdraw',
  'done.revoke.ask': 'Withdraw this transfer? Its files are deleted from every storage node and the link stops working.',
  'done.revoke.yes': 'Delete the files now',
  'done.revoke.no': 'Keep them',
  'done.revoke.busy': 'Withdrawing',
  'done.revoked.title': 'Withdrawn',
  'done.revoked.lead': 'The link no longer works, and every storage node has been told to delete the files.',
  'sendFailed.title': 'Not sent yet',
  'sendFailed.lead': 'Your selection is still here.',
  'sendFailed.retry': 'Try again',
  'sendFailed.change': 'Change files or options',

  // Receiving
  'receive.title': (n: number) => `${files(n)} for you`,
  'receive.lead': 'Only this link opens what was sent. Nothing is downloaded until you say so.',
  'receive.opening': 'Opening the link',
  'receive.opening.lead': 'Checking the key and asking for the list of files.',
  'receive.files': 'Files in this transfer',
  'receive.download': 'Download',
  'receive.downloadZip': 'Download all as ZIP',
  'receive.expires': 'Deleted on',
  'receive.left': 'Downloads left',
  'receive.left.none': 'No limit',
  'receiving.title': (n: number) => `Downloading ${files(n)}`,
  'receiving.lead': 'Keep this page open. Your browser shows the download too.',
  'receiving.starting': 'Finding the fastest storage nodes',
  'receiving.progress': 'Downloading',
  'receiving.cancel': 'Cancel',
  'receiving.cancelling': 'Cancelling',
  'receiving.announce': (percent: number) => `${percent} percent downloaded`,
  'received.title': 'Verified and saved',
  'received.lead': (size: string) => `All ${size} are exactly what the sender sealed.`,
  'received.where': 'Saved to your downloads folder.',
  'received.problems': (n: number) => `${count(n, 'storage node', 'storage nodes')} answered badly. Other nodes took over; your files are not affected.`,
  'received.again': 'Download again',
  'received.sendBack': 'Send files yourself',
  'receiveFailed.title': 'Not downloaded',
  'receiveFailed.lead': 'Anything your browser kept of it is incomplete and can be deleted.',
  'receiveFailed.retry': 'Try again',

  // States of a link
  'state.tryAgain': 'Try again',
  'state.sendInstead': 'Send files yourself',
  'state.checking': 'This page looks again by itself.',
  'state.keyGone.title': 'Open the link again',
  'state.keyGone.text':
    'This page takes the key out of the address and stores it nowhere, so it went when the page was reloaded. Open the link that you were sent once more; nothing has been used up.',
  'state.link_damaged.title': 'This link is damaged',
  'state.link_version.title': 'This link is too new',
  'state.wrong_link.title': 'This key does not fit',
  'state.transfer_unknown.title': 'Nothing is here',
  'state.transfer_uploading.title': 'Still being sent',
  'state.transfer_expired.title': 'Expired and deleted',
  'state.transfer_used_up.title': 'All downloads are used',
  'state.transfer_revoked.title': 'Withdrawn by the sender',
  'state.downloads_in_progress.title': 'Being downloaded elsewhere',
  'state.offline.title': 'No connection',
  'state.unavailable.title': 'The service does not answer',
  'state.wrong_key.title': 'Stopped: the data was tampered with',
  'state.manifest_damaged.title': 'Stopped: the list was tampered with',
  'state.other.title': 'That did not work',

  // Lists
  'list.total': (n: number, size: string) => `${files(n)}, ${size}`,
  'list.showAll': (n: number) => `Show all ${files(n)}`,
  'list.showFewer': 'Show fewer',
  'list.more': (n: number, size: string) => `and ${n.toLocaleString('en')} more, ${size}`,

  // Numbers in words
  'progress.of': (done: string, total: string) => `${done} of ${total}`,
  'time.almost': 'Almost done',
  'time.seconds': (n: number) => `${count(n, 'second', 'seconds')} left`,
  'time.minutes': (n: number) => `About ${count(n, 'minute', 'minutes')} left`,
  'time.hours': (n: number) => `About ${count(n, 'hour', 'hours')} left`,
  'time.days': (n: number) => `About ${count(n, 'day', 'days')} left`,
  'expiry.minutes': (n: number) => count(n, 'minute', 'minutes'),
  'expiry.hours': (n: number) => count(n, 'hour', 'hours'),
  'expiry.days': (n: number) => count(n, 'day', 'days'),
  'expiry.when': (moment: string, until: string) => `${moment}, ${until}`,

  // The extension
  'popup.send': 'Send files',
  'popup.through': 'Through',
  'popup.options': 'Options',
  'menu.send': 'Send securely',
  'notify.done.title': 'Ready to share',
  'notify.done.text': (n: number) => `${files(n)} can be downloaded now. Copy the link in the Shardsend tab.`,
  'notify.failed.title': 'Not sent yet',
  'capture.title': 'Fetching what you chose',
  'capture.from': (host: string) => `From ${host}`,
  'capture.permission.title': 'One permission is missing',
  'capture.permission.text': (host: string) =>
    `To fetch this file, Shardsend has to read it from ${host}. Your browser will ask you. The permission is given back as soon as the file is here.`,
  'capture.permission.allow': (host: string) => `Allow ${host}`,
  'capture.permission.denied': 'Without the permission the file cannot be fetched. Allow it, or save the file and choose it here.',
  'capture.retry': 'Try again',
  'capture.skip': 'Choose files instead',
  'capture.failed.title': 'This could not be fetched',
  'capture.failed.status': (status: number) => `The site answered with error ${status}. Open the address in a tab to see whether it works, or save the file and choose it here.`,
  'capture.failed.network': 'The site did not answer or refused. Check your connection, or save the file and choose it here.',
  'capture.failed.scheme': 'Addresses of this kind cannot be fetched. Save the file and choose it here.',
  'capture.failed.page': 'Your browser does not let extensions read this page, or its tab was closed. Save the page and choose the file here.',
  'capture.failed.gone': 'The page no longer holds this file. Reload it and try again, or save the file and choose it here.',
  'capture.lost': 'What you chose to send was forgotten when the browser closed. Choose it again.',
  'capture.selectionName': 'selection.txt',
  'capture.selectionFrom': (address: string) => `From: ${address}`,
  'options.title': 'Options',
  'options.lead': 'These hold for everything you send from now on.',
  'options.coordinator': 'Coordinator address',
  'options.coordinator.hint': 'The service that hands out places on storage nodes. It never sees keys, names or contents.',
  'options.coordinator.invalid': 'Enter an address such as https://send.example.org; http:// works only for this computer.',
  'options.save': 'Save',
  'options.saved': 'Saved.',
  'options.check': 'Check connection',
  'options.checking': 'Checking',
  'options.online': (online: number, total: number) => `It answers: ${online} of ${count(total, 'storage node', 'storage nodes')} online.`,
  'options.unreachable': 'There is no coordinator at this address right now.',
} as const;

type Catalogue = typeof catalogue;
export type MessageKey = keyof Catalogue;
type Arguments<K extends MessageKey> = Catalogue[K] extends (...args: infer A) => string ? A : [];

export function say<K extends MessageKey>(key: K, ...args: Arguments<K>): string {
  const entry = catalogue[key] as string | ((...args: unknown[]) => string);
  return typeof entry === 'string' ? entry : entry(...args);
}

/** The heading for a link or transfer that cannot be opened; the sentence below it is `sentenceOf(code)`. */
export function titleOf(code: ErrorCode): string {
  const key = `state.${code}.title`;
  return key in catalogue ? say(key as 'state.other.title') : say('state.other.title');
}

export { sentenceOf };
