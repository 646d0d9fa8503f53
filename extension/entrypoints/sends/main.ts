/** The page of what was sent with this extension. */
import { mount } from 'svelte';
import { sendControl } from '../../../shared/client/browser/send-control.ts';
import { webDeps } from '../../../shared/client/index.ts';
import { Sends } from '../../../shared/ui/sends/sends.svelte.ts';
import SendsScreen from '../../../shared/ui/sends/SendsScreen.svelte';
import { transferWorkerUrl } from '../../../shared/ui/trusted-urls.ts';
import { beginLanguage } from '../../language.ts';
import { planLooks, sendStore, tellDownloads } from '../../sends.ts';

const deps = webDeps();

const sends = new Sends({
  store: sendStore,
  control: (record) => sendControl(record, sendStore, deps, transferWorkerUrl),
  now: deps.now,
  later(callback, afterMs) {
    const timer = setTimeout(callback, afterMs);
    return () => clearTimeout(timer);
  },
  onDownloads: (count) => void tellDownloads(count),
  onNotify: () => void planLooks(),
});

await beginLanguage();
mount(SendsScreen, { target: document.body, props: { sends, home: null, sendPage: '/send.html', allowNotifications: async () => true } });
