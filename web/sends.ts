/** The page of what was sent from this browser, `/sends`. */
import { mount } from 'svelte';
import { sendControl } from '../shared/client/browser/send-control.ts';
import { webDeps } from '../shared/client/index.ts';
import { browserSendStore } from '../shared/client/sends/index.ts';
import { sendsTexts } from '../shared/ui/messages/sends.ts';
import { sendPageTexts } from '../shared/ui/page-texts/send.ts';
import { sayFrom } from '../shared/ui/say.ts';
import { Sends } from '../shared/ui/sends/sends.svelte.ts';
import SendsScreen from '../shared/ui/sends/SendsScreen.svelte';
import { transferWorkerUrl } from '../shared/ui/trusted-urls.ts';
import { beginLanguage } from './language.ts';

const say = sayFrom(sendsTexts);

const deps = webDeps();
const store = browserSendStore();

const sends = new Sends({
  store,
  control: (record) => sendControl(record, store, deps, transferWorkerUrl),
  now: deps.now,
  later(callback, afterMs) {
    const timer = setTimeout(callback, afterMs);
    return () => clearTimeout(timer);
  },
  onDownloads(count) {
    // No file names here: a notification is shown on locked screens and kept by the system.
    if (Notification.permission !== 'granted') return;
    const shown = new Notification(say('sends.notify.title'), { body: say('sends.notify.text', count), icon: '/icon.svg' });
    shown.onclick = () => self.focus();
  },
});

const allowNotifications = async (): Promise<boolean> => 'Notification' in self && (await Notification.requestPermission()) === 'granted';

await beginLanguage(sendPageTexts);
mount(SendsScreen, { target: document.body, props: { sends, sendPage: '/', allowNotifications } });
