/**
 * The background: links that are caught, the menu entry, the badge and notifications. It is stopped after 30 s without work, so it holds no
 * transfer and no state; the send tab owns those.
 */
import { browser } from 'wxt/browser';
import { defineBackground } from 'wxt/utils/define-background';
import { say } from '../../shared/ui/messages.ts';
import { speakChosenLanguage } from '../background-language.ts';
import { pagesOf } from '../coordinator-address.ts';
import { knownCoordinators } from '../coordinators.ts';
import { LOCK_ALARM, SYNC_ALARM, lock } from '../identity/keeper.ts';
import { synchronise } from '../identity/synchronise.ts';
import { jobOfClick, putJob } from '../jobs.ts';
import { onLanguage } from '../language-store.ts';
import { catchLinks } from '../link-catcher.ts';
import { SENDS_PAGE, pageUrl } from '../pages.ts';
import type { Report } from '../reports.ts';
import { DOWNLOADED, DOWNLOADS_ALARM, lookForDownloads, planLooks } from '../sends.ts';
import { loadSettings } from '../settings.ts';

const MENU_ID = 'send';
const TAB_PREFIX = 'tab:';

const BADGES = {
  sending: { text: '…', color: '#7a4d00' },
  done: { text: '✓', color: '#0b6152' },
  failed: { text: '!', color: '#a3231f' },
  idle: { text: '', color: '#0b6152' },
} as const satisfies Record<Report['type'], { text: string; color: string }>;

async function makeMenu(): Promise<void> {
  await speakChosenLanguage();
  await browser.contextMenus.removeAll();
  browser.contextMenus.create({
    id: MENU_ID,
    title: say('menu.send'),
    contexts: ['link', 'image', 'video', 'audio', 'selection', 'page'],
  });
}

async function giveBackSites(): Promise<void> {
  const kept = new Set(knownCoordinators(await loadSettings()).flatMap(pagesOf));
  const origins = ((await browser.permissions.getAll()).origins ?? []).filter((origin) => !kept.has(origin));
  if (origins.length > 0) await browser.permissions.remove({ origins });
}

export default defineBackground(() => {
  catchLinks();

  browser.runtime.onInstalled.addListener(() => void makeMenu());
  onLanguage(() => void makeMenu());

  // A tab that was closed in the middle of a fetch could not give its site back.
  browser.runtime.onStartup.addListener(() => {
    void giveBackSites();
    void planLooks();
  });

  browser.alarms.onAlarm.addListener(({ name }) => {
    if (name === DOWNLOADS_ALARM) void speakChosenLanguage().then(lookForDownloads);
    if (name === SYNC_ALARM) void synchroniseQuietly();
    if (name === LOCK_ALARM) void lock();
  });

  browser.contextMenus.onClicked.addListener((click, tab) => {
    if (click.menuItemId === MENU_ID && tab?.id !== undefined) void openSendTab(click, { ...tab, id: tab.id });
  });

  browser.runtime.onMessage.addListener((message: Report, sender) => {
    const tabId = sender.tab?.id;
    if (sender.id === browser.runtime.id && tabId !== undefined && Object.hasOwn(BADGES, message.type)) void show(message, tabId);
    if (sender.id === browser.runtime.id && message.type === 'done') void synchroniseQuietly();
  });

  browser.notifications.onClicked.addListener((id) => {
    if (id === DOWNLOADED) void showSends();
    if (id.startsWith(TAB_PREFIX)) void focus(Number(id.slice(TAB_PREFIX.length)), id);
  });
});

/** What does not get through now does so with the next alarm; the identity's page says what stands in the way. */
const synchroniseQuietly = (): Promise<unknown> => synchronise().catch(() => undefined);

async function openSendTab(click: Parameters<typeof jobOfClick>[0], tab: Parameters<typeof jobOfClick>[1] & { index: number; windowId: number }) {
  const id = await putJob(jobOfClick(click, tab));
  const url = pageUrl(`/send.html#job=${id}`);
  await browser.tabs.create({ url, index: tab.index + 1, windowId: tab.windowId, openerTabId: tab.id });
}

async function show(message: Report, tabId: number): Promise<void> {
  const { text, color } = BADGES[message.type];
  await Promise.all([browser.action.setBadgeText({ text, tabId }), browser.action.setBadgeBackgroundColor({ color, tabId })]);
  if ((message.type !== 'done' && message.type !== 'failed') || message.inSight) return;
  await speakChosenLanguage();
  // No file names here: a notification is shown on locked screens and kept by the system.
  await browser.notifications.create(`${TAB_PREFIX}${tabId}`, {
    type: 'basic',
    iconUrl: pageUrl('/icon/128.png'),
    title: say(message.type === 'done' ? 'notify.done.title' : 'notify.failed.title'),
    message: message.type === 'done' ? say('notify.done.text', message.fileCount) : message.sentence,
  });
}

async function showSends(): Promise<void> {
  await browser.notifications.clear(DOWNLOADED);
  await browser.tabs.create({ url: pageUrl(SENDS_PAGE) });
}

async function focus(tabId: number, notificationId: string): Promise<void> {
  await browser.notifications.clear(notificationId);
  const tab = await browser.tabs.update(tabId, { active: true }).catch(() => undefined);
  if (tab) await browser.windows.update(tab.windowId, { focused: true });
}
