/** What was sent with this extension, for its page and its background. */
import { browser } from 'wxt/browser';
import { TransferControl, webDeps } from '../shared/client/index.ts';
import { browserSendStore, isOver, lookAfter, type SendRecord } from '../shared/client/sends/index.ts';
import { say } from '../shared/ui/messages.ts';
import { pageUrl } from './pages.ts';

export const DOWNLOADED = 'downloaded';
export const DOWNLOADS_ALARM = 'downloads';
const deps = webDeps();

export const sendStore = browserSendStore();

/** The next look comes by itself: one that gets no answer is not repeated for a minute. */
const look = (record: SendRecord) => lookAfter(sendStore, record, () => new TransferControl(record, deps).status({ patienceMs: 0 }), deps.now);

/** No file names here: a notification is shown on locked screens and kept by the system. */
export async function tellDownloads(count: number): Promise<void> {
  await browser.notifications.create(DOWNLOADED, { type: 'basic', iconUrl: pageUrl('/icon/128.png'), title: say('sends.notify.title'), message: say('sends.notify.text', count) });
}

const awaited = async (): Promise<SendRecord[]> =>
  (await sendStore.list()).filter(({ notify, lastSeen, expiresAtMs }) => notify && !isOver(lastSeen?.state ?? 'ready') && expiresAtMs > deps.now());

/** An alarm rings each minute, while there is a transfer whose downloads somebody wants to hear of and no longer. */
export async function planLooks(): Promise<void> {
  if ((await awaited()).length === 0) await browser.alarms.clear(DOWNLOADS_ALARM);
  else if (!(await browser.alarms.get(DOWNLOADS_ALARM))) await browser.alarms.create(DOWNLOADS_ALARM, { periodInMinutes: 1 });
}

export async function lookForDownloads(): Promise<void> {
  const looks = await Promise.all((await awaited()).map(look));
  const fresh = looks.reduce((sum, look) => sum + (look?.freshDownloads ?? 0), 0);
  if (fresh > 0) await tellDownloads(fresh);
  await planLooks();
}
