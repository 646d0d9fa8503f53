/** The receive page, served for every `/d/…`. Takes the key out of the address before anything else happens. */
import { mount } from 'svelte';
import { secureAddress, takeAddress } from '../shared/ui/address.ts';
import { receivePageTexts } from '../shared/ui/page-texts/receive.ts';
import { receiverOfPage } from '../shared/ui/receive-page.ts';
import ReceiveScreen from '../shared/ui/ReceiveScreen.svelte';
import { downloadWorkerUrl } from '../shared/ui/trusted-urls.ts';
import { beginLanguage } from './language.ts';

/** In the history entry's state: the key was taken here before. Holds nothing of the link. */
const TAKEN = { shardsend: 'taken' } as const;

const receiver = receiverOfPage(prepareDownloads);

/** Runs at the start, and again when somebody pastes the link into this tab: only the fragment changes then. */
function takeLink(): void {
  const takenBefore = (history.state as { shardsend?: unknown } | null)?.shardsend === TAKEN.shardsend;
  const { link, path } = takeAddress(location.href);
  if (link !== null) history.replaceState(TAKEN, '', path);
  // An address without a key goes to the client as it is, which says what is wrong with it.
  if (link === null && takenBefore) receiver.keyGone();
  else void receiver.open(link ?? location.href);
}

const elsewhere = secureAddress(location.href);
if (elsewhere === null) {
  const address = location.href;
  // Both ask at once: the list of files waits for no texts.
  const ready = beginLanguage(receivePageTexts);
  takeLink();
  addEventListener('hashchange', () => {
    if (location.hash.length > 1) takeLink();
  });
  await untilReady(ready, address);
  mount(ReceiveScreen, { target: document.body, props: { receiver } });
} else {
  location.replace(elsewhere);
}

/** A page that could not be loaded whole shows nothing: the key goes back into its address, so that loading it again opens the link. */
async function untilReady(ready: Promise<void>, address: string): Promise<void> {
  try {
    await ready;
  } catch (thrown) {
    history.replaceState(null, '', address);
    throw thrown;
  }
}

/** Once there is a list to look at, so that the button answers at once and a link that opens nothing asks for nothing. */
async function prepareDownloads(): Promise<void> {
  try {
    await navigator.serviceWorker.register(downloadWorkerUrl);
  } catch {
    // Without it the download itself says that the files cannot be saved.
  }
}
