/**
 * How a person says what to send: the entry of the context menu, the key, and the word in the address bar. Each becomes a
 * job, and a tab that does it. The browser may end the background between any two steps: for what waits
 * then, an alarm opens the tab.
 */
import { browser } from 'wxt/browser';
import { say } from '../shared/ui/messages.ts';
import { speakChosenLanguage } from './background-language.ts';
import { jobOfClick, jobOfKey, jobOfWords, putJob, waitingJobs, type Job } from './jobs.ts';
import { onLanguage } from './language-store.ts';
import { pageUrl } from './pages.ts';

const MENU_ID = 'send';
const COMMAND = 'send-this';
const JOBS_ALARM = 'jobs';
/** The least that browsers take; a tab reads its job much sooner. */
const ALARM_AFTER_MINUTES = 0.5;

/** Where the new tab goes. */
interface Beside {
  readonly id?: number | undefined;
  readonly index: number;
  readonly windowId: number;
}

/** To be called whenever the background starts, before anything is awaited. */
export function listenForJobs(): void {
  browser.runtime.onInstalled.addListener(() => void makeMenu());
  onLanguage(() => void makeMenu());
  browser.contextMenus.onClicked.addListener((click, tab) => {
    if (click.menuItemId === MENU_ID && tab?.id !== undefined) void begin(jobOfClick(click, { ...tab, id: tab.id }), tab);
  });
  browser.commands.onCommand.addListener((command, tab) => {
    if (command === COMMAND && tab?.id !== undefined) void begin(jobOfKey({ ...tab, id: tab.id }), tab);
  });
  browser.omnibox.onInputStarted.addListener(() => void hint());
  browser.omnibox.onInputEntered.addListener((words) => {
    if (words.trim() !== '') void begin(jobOfWords(words), null);
  });
  browser.alarms.onAlarm.addListener(({ name }) => {
    if (name === JOBS_ALARM) void openWaiting();
  });
}

async function makeMenu(): Promise<void> {
  await speakChosenLanguage();
  await browser.contextMenus.removeAll();
  browser.contextMenus.create({ id: MENU_ID, title: say('menu.send'), contexts: ['link', 'image', 'video', 'audio', 'selection', 'page'] });
}

async function hint(): Promise<void> {
  await speakChosenLanguage();
  await browser.omnibox.setDefaultSuggestion({ description: say('omnibox.hint') });
}

async function begin(job: Job, beside: Beside | null): Promise<void> {
  // Together, so that there is no moment with one and without the other.
  const [id] = await Promise.all([putJob(job), browser.alarms.create(JOBS_ALARM, { delayInMinutes: ALARM_AFTER_MINUTES })]);
  await openTab(id, beside);
}

async function openWaiting(): Promise<void> {
  for (const id of await waitingJobs()) await openTab(id, null);
}

async function openTab(jobId: string, beside: Beside | null): Promise<void> {
  const url = pageUrl(`/send.html#job=${jobId}`);
  const place = beside ? { index: beside.index + 1, windowId: beside.windowId, ...(beside.id === undefined ? {} : { openerTabId: beside.id }) } : {};
  await browser.tabs.create({ url, ...place });
}
