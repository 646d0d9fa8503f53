/** The page of what was sent with this extension. */
import { mount } from 'svelte';
import { sendControl } from '../../../shared/client/browser/send-control.ts';
import { webDeps } from '../../../shared/client/index.ts';
import { Sends } from '../../../shared/ui/sends/sends.svelte.ts';
import SendsScreen from '../../../shared/ui/sends/SendsScreen.svelte';
import { transferWorkerUrl } from '../../../shared/ui/trusted-urls.ts';
import { synchronise } from '../../identity/synchronise.ts';
import { beginLanguage } from '../../language.ts';
import { planLooks, sendStore, tellDownloads } from '../../sends.ts';

const deps = webDeps();
const LONGEST_WAIT_MS = 1_000;

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
// What other machines sent is in the list before it is shown, where that is quick; whatever stands in the way is said on the identity's page.
await Promise.race([synchronise().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, LONGEST_WAIT_MS))]);
mount(SendsScreen, { target: document.body, props: { sends, home: null, sendPage: '/send.html', allowNotifications: async () => true } });
