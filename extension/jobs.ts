/**
 * What somebody asked to send, handed from the background to the send tab. A job lies in `storage.session`: it outlives
 * the background's worker, is in memory only, and is gone when the browser closes, since it may hold private text.
 */
import { browser } from 'wxt/browser';

/** Where a click or a key was. */
export interface Source {
  readonly tabId: number;
  readonly frameId: number;
  readonly pageUrl: string;
}

export interface FetchJob {
  readonly kind: 'link' | 'image' | 'video' | 'audio';
  readonly url: string;
  /** Null for an address that was typed. */
  readonly source: Source | null;
}

export interface SelectionJob {
  readonly kind: 'selection';
  readonly source: Source;
  /** As the menu saw it, on one line; the page has it with its line breaks. */
  readonly text: string;
}

export interface PageJob {
  readonly kind: 'page';
  readonly source: Source;
  readonly title: string;
  /** By the keyboard: what is selected goes instead, if anything is. */
  readonly preferSelection: boolean;
}

export interface TextJob {
  readonly kind: 'text';
  readonly text: string;
}

export type Job = FetchJob | SelectionJob | PageJob | TextJob;

const JOB = 'job:';
/** A job that no tab has read yet. */
const WAITING = 'waiting:';

/** @returns the id that the send tab finds the job by. */
export async function putJob(job: Job): Promise<string> {
  const id = crypto.randomUUID();
  await browser.storage.session.set({ [JOB + id]: job, [WAITING + id]: true });
  return id;
}

/** @returns null when the browser was closed since, or the tab was done with it. */
export async function readJob(id: string): Promise<Job | null> {
  const stored = await browser.storage.session.get(JOB + id);
  await browser.storage.session.remove(WAITING + id);
  return (stored[JOB + id] as Job | undefined) ?? null;
}

/** @returns ids of jobs for which no tab came: the background was ended before it opened one. */
export async function waitingJobs(): Promise<string[]> {
  const keys = Object.keys(await browser.storage.session.get(null));
  return keys.filter((key) => key.startsWith(WAITING)).map((key) => key.slice(WAITING.length));
}

export const dropJob = (id: string): Promise<void> => browser.storage.session.remove([JOB + id, WAITING + id]);

export interface Click {
  readonly mediaType?: string | undefined;
  readonly srcUrl?: string | undefined;
  readonly linkUrl?: string | undefined;
  readonly selectionText?: string | undefined;
  readonly pageUrl?: string | undefined;
  readonly frameId?: number | undefined;
}

export interface ClickedTab {
  readonly id: number;
  readonly url?: string | undefined;
  readonly title?: string | undefined;
}

/** What was clicked on, the most particular first: a picture inside a link is meant as the picture. */
export function jobOfClick(click: Click, tab: ClickedTab): Job {
  const source = { tabId: tab.id, frameId: click.frameId ?? 0, pageUrl: click.pageUrl ?? tab.url ?? '' };
  const { mediaType, srcUrl } = click;
  if (srcUrl && (mediaType === 'image' || mediaType === 'video' || mediaType === 'audio')) return { kind: mediaType, url: srcUrl, source };
  if (click.linkUrl) return { kind: 'link', url: click.linkUrl, source };
  if (click.selectionText) return { kind: 'selection', source, text: click.selectionText };
  return { kind: 'page', source, title: tab.title ?? '', preferSelection: false };
}

/** The key stands for what is selected, or else the page. */
export const jobOfKey = (tab: ClickedTab): Job => ({
  kind: 'page',
  source: { tabId: tab.id, frameId: 0, pageUrl: tab.url ?? '' },
  title: tab.title ?? '',
  preferSelection: true,
});

/** What was typed into the address bar: an address of the web is fetched, all else is a text. */
export function jobOfWords(words: string): Job {
  const text = words.trim();
  const url = addressIn(text);
  return url === null ? { kind: 'text', text } : { kind: 'link', url, source: null };
}

/** A name with a dot counts once a path follows, so that `yes.no` stays a text. */
function addressIn(text: string): string | null {
  if (/\s/.test(text)) return null;
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return new URL(text).href;
  const bare = `https://${text}`;
  return /^[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)+(:\d+)?\//u.test(text) && URL.canParse(bare) ? new URL(bare).href : null;
}
