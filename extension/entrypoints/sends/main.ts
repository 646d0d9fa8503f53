/** The page of what was sent with this extension. */
import { mount } from 'svelte';
import { Sends } from '../../../shared/ui/sends/sends.svelte.ts';
import SendsScreen from '../../../shared/ui/sends/SendsScreen.svelte';
import { controlOf, planLooks, sendStore, tellDownloads } from '../../sends.ts';

const sends = new Sends({
  store: sendStore,
  control: controlOf,
  now: () => Date.now(),
  later(callback, afterMs) {
    const timer = setTimeout(callback, afterMs);
    return () => clearTimeout(timer);
  },
  onDownloads: (count) => void tellDownloads(count),
  onNotify: () => void planLooks(),
});

mount(SendsScreen, { target: document.body, props: { sends, home: null, sendPage: '/send.html', allowNotifications: async () => true } });
