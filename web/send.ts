/** The send page, `/`. */
import { mount } from 'svelte';
import { resumeSending, startSending } from '../shared/client/browser/send.ts';
import { giveUpUnfinished, listUnfinished, reopenFiles } from '../shared/client/browser/unfinished.ts';
import { revokeTransfer } from '../shared/client/browser/revoke.ts';
import { DEFAULT_CHOICES } from '../shared/ui/choices.ts';
import { sendPageTexts } from '../shared/ui/page-texts/send.ts';
import SendScreen from '../shared/ui/SendScreen.svelte';
import { Sender } from '../shared/ui/sender.svelte.ts';
import { transferWorkerUrl } from '../shared/ui/trusted-urls.ts';
import { beginLanguage } from './language.ts';

const sender = new Sender(
  {
    coordinator: () => location.origin,
    start: (files, options, events) => startSending(files, options, events, transferWorkerUrl),
    resume: (transferId, files, events) => resumeSending(transferId, files, events, transferWorkerUrl),
    reopen: reopenFiles,
    unfinished: listUnfinished,
    giveUp: giveUpUnfinished,
    revoke: revokeTransfer,
  },
  DEFAULT_CHOICES,
);

await beginLanguage(sendPageTexts);
mount(SendScreen, { target: document.body, props: { sender } });
