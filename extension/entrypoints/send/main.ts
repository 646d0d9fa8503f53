/** The send tab: owns choosing, encryption and upload, because popups and background workers are ended at any moment. */
import { mount } from 'svelte';
import { browser } from 'wxt/browser';
import { revokeTransfer } from '../../../shared/client/browser/revoke.ts';
import { resumeSending, startSending } from '../../../shared/client/browser/send.ts';
import { giveUpUnfinished, listUnfinished, reopenFiles } from '../../../shared/client/browser/unfinished.ts';
import { sentenceOf } from '../../../shared/ui/messages.ts';
import type { SendState } from '../../../shared/ui/send-machine.ts';
import { Sender } from '../../../shared/ui/sender.svelte.ts';
import { transferWorkerUrl } from '../../../shared/ui/trusted-urls.ts';
import { beginLanguage } from '../../language.ts';
import { report } from '../../reports.ts';
import { loadSettings } from '../../settings.ts';
import App from './App.svelte';

await beginLanguage();
const settings = await loadSettings();
let { coordinator } = settings;
browser.storage.local.onChanged.addListener(() => void loadSettings().then((changed) => ({ coordinator } = changed)));

const sender = new Sender(
  {
    coordinator: () => coordinator,
    start: (files, options, events) => startSending(files, options, events, transferWorkerUrl),
    resume: (transferId, files, events) => resumeSending(transferId, files, events, transferWorkerUrl),
    reopen: reopenFiles,
    unfinished: listUnfinished,
    giveUp: giveUpUnfinished,
    revoke: revokeTransfer,
    onState: tellBackground,
  },
  settings,
);

let told: SendState['step'] = 'picking';

function tellBackground(state: SendState): void {
  if (state.step === told) return;
  told = state.step;
  const inSight = document.visibilityState === 'visible';
  if (state.step === 'sending') void report({ type: 'sending' });
  else if (state.step === 'done') void report({ type: 'done', fileCount: state.fileCount, inSight });
  else if (state.step === 'failed') void report({ type: 'failed', sentence: sentenceOf(state.code), inSight });
  else void report({ type: 'idle' });
}

const jobId = new URLSearchParams(location.hash.slice(1)).get('job');
mount(App, { target: document.body, props: { sender, jobId } });
