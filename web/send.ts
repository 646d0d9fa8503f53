/** The send page, `/`. */
import { mount } from 'svelte';
import { startSending } from '../shared/client/browser/send.ts';
import { revokeTransfer } from '../shared/client/browser/revoke.ts';
import { DEFAULT_CHOICES } from '../shared/ui/choices.ts';
import SendScreen from '../shared/ui/SendScreen.svelte';
import { Sender } from '../shared/ui/sender.svelte.ts';
import { transferWorkerUrl } from '../shared/ui/trusted-urls.ts';

const sender = new Sender(
  {
    coordinator: () => location.origin,
    start: (files, options, events) => startSending(files, options, events, transferWorkerUrl),
    revoke: revokeTransfer,
  },
  DEFAULT_CHOICES,
);

mount(SendScreen, { target: document.body, props: { sender } });
