/**
 * What a right-click asked to send, handed from the background to the send tab. A job lies in `storage.session`: it
 * outlives the background's worker, is in memory only, and is gone when the browser closes, since it may hold private text.
 */
import { browser } from 'wxt/browser';

interface Source {
  /** Where the click happened. */
  readonly tabId: number;
  readonly frameId: number;
  readonly pageUrl: string;
}
export interface FetchJob extends Source {
  readonly kind: 'link' | 'image' | 'video' | 'audio';
  readonly url: string;
}
export interface SelectionJob extends Source {
  readonly kind: 'selection';
  /** As the menu saw it, on one line; the page has it with its line breaks. */
  readonly text: string;
}
export interface PageJob extends Source {
  readonly kind: 'page';
  readonly title: string;
}
export type Job = FetchJob | SelectionJob | PageJob;

const keyOf = (id: string): string => `job:${id}`;

/** @returns the id that the send tab finds the job by. */
export async function putJob(job: Job): Promise<string> {
  const id = crypto.randomUUID();
  await browser.storage.session.set({ [keyOf(id)]: job });
  return id;
}

/** @returns null when the browser was closed since, or the tab was done with it. */
export async function readJob(id: string): Promise<Job | null> {
  const stored = await browser.storage.session.get(keyOf(id));
  return (stored[keyOf(id)] as Job | undefined) ?? null;
}

export const dropJob = (id: string): Promise<void> => browser.storage.session.remove(keyOf(id));

export interface Click {
  readonly mediaType?: string | undefined;
  readonly srcUrl?: string | undefined;
  readonly linkUrl?: string | undefined;
  readonly selectionText?: string | undefined;
  readonly pageUrl?: string | undefined;
  readonly frameId?: number | undefined;
}

/** What was clicked on, the most particular first: a picture inside a link is meant as the picture. */
export function jobOfClick(click: Click, tab: { readonly id: number; readonly url?: string | undefined; readonly title?: string | undefined }): Job {
  const source = { tabId: tab.id, frameId: click.frameId ?? 0, pageUrl: click.pageUrl ?? tab.url ?? '' };
  const { mediaType, srcUrl } = click;
  if (srcUrl && (mediaType === 'image' || mediaType === 'video' || mediaType === 'audio')) return { ...source, kind: mediaType, url: srcUrl };
  if (click.linkUrl) return { ...source, kind: 'link', url: click.linkUrl };
  if (click.selectionText) return { ...source, kind: 'selection', text: click.selectionText };
  return { ...source, kind: 'page', title: tab.title ?? '' };
}
