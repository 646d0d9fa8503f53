/**
 * Turns what a person right-clicked on into a file. An address is tried with the least power first: inside the page it
 * came from, then from the extension without any right, then, only if the person allows it, with the right to read
 * that one site.
 */
import { browser } from 'wxt/browser';
import { say } from '../shared/ui/messages.ts';
import { nameOfPage, nameOfResponse } from './file-names.ts';
import type { FetchJob, Job, PageJob, SelectionJob } from './jobs.ts';
import { fetchInPage, readDocument, readSelection, readSlice } from './page-scripts.ts';

export type CaptureFailure = { readonly reason: 'status'; readonly status: number } | { readonly reason: 'network' | 'scheme' | 'page' | 'gone' };

export type Captured =
  | { readonly ok: true; readonly file: File }
  /** Reading the site needs a permission that only a click can ask for. */
  | { readonly ok: false; readonly needs: string }
  | { readonly ok: false; readonly failure: CaptureFailure };

const SLICE_BYTES = 8 * 1024 * 1024;
const failed = (failure: CaptureFailure): Captured => ({ ok: false, failure });

export function capture(job: Job): Promise<Captured> {
  switch (job.kind) {
    case 'selection':
      return captureSelection(job);
    case 'page':
      return capturePage(job);
    default:
      return captureAddress(job);
  }
}

/** What to ask the person for, as a match pattern. */
export const patternOf = (url: string): string => `${new URL(url).origin.replace(/:\d+$/, '')}/*`;

/** The host as a person knows it; empty for addresses without one. */
export const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : '');

async function captureAddress(job: FetchJob): Promise<Captured> {
  const scheme = URL.canParse(job.url) ? new URL(job.url).protocol : '';
  if (scheme === 'data:') return fetchHere(job, 'omit');
  if (scheme !== 'http:' && scheme !== 'https:' && scheme !== 'blob:') return failed({ reason: 'scheme' });

  const inPage = await fetchThere(job);
  if (inPage.ok || scheme === 'blob:') return inPage;
  // A page's own answer counts only for its own site: another site may have refused the page alone.
  const own = hostOf(job.url) === hostOf(job.pageUrl);
  if (own && 'failure' in inPage && inPage.failure.reason === 'status') return inPage;
  if (await browser.permissions.contains({ origins: [patternOf(job.url)] })) return fetchHere(job, 'include');
  const plain = await fetchHere(job, 'omit');
  return plain.ok ? plain : { ok: false, needs: patternOf(job.url) };
}

/** In the page that was clicked in: its cookies, its blobs, its rights. */
async function fetchThere(job: FetchJob): Promise<Captured> {
  const target = { tabId: job.tabId, frameIds: [job.frameId] };
  try {
    const [answer] = await browser.scripting.executeScript({ target, func: fetchInPage, args: [job.url] });
    const fetched = answer?.result;
    if (!fetched) return failed({ reason: 'page' });
    if (!fetched.ok) return failed(fetched.status === null ? { reason: job.url.startsWith('blob:') ? 'gone' : 'network' } : { reason: 'status', status: fetched.status });
    const parts: Blob[] = [];
    for (let from = 0; from < fetched.bytes || from === 0; from += SLICE_BYTES) {
      const [slice] = await browser.scripting.executeScript({ target, func: readSlice, args: [fetched.key, from, from + SLICE_BYTES] });
      if (typeof slice?.result !== 'string') return failed({ reason: 'gone' });
      parts.push(new Blob([decodeBase64(slice.result)]));
    }
    const name = nameOfResponse({ ...fetched, fallback: job.kind });
    return { ok: true, file: new File(parts, name, { type: mediaType(fetched.mime) }) };
  } catch {
    return failed({ reason: job.url.startsWith('blob:') ? 'gone' : 'page' });
  }
}

async function fetchHere(job: FetchJob, credentials: 'omit' | 'include'): Promise<Captured> {
  try {
    const response = await fetch(job.url, { credentials, referrerPolicy: 'no-referrer' });
    if (!response.ok) return failed({ reason: 'status', status: response.status });
    const mime = response.headers.get('content-type') ?? '';
    const disposition = response.headers.get('content-disposition') ?? '';
    const name = nameOfResponse({ url: response.url, mime, disposition, fallback: job.kind });
    return { ok: true, file: new File([await response.blob()], name, { type: mediaType(mime) }) };
  } catch {
    return failed({ reason: 'network' });
  }
}

/** With the line breaks that the page knows; where it cannot be asked any more, as the menu saw it. */
async function captureSelection(job: SelectionJob): Promise<Captured> {
  const target = { tabId: job.tabId, frameIds: [job.frameId] };
  const answers = await browser.scripting.executeScript({ target, func: readSelection }).catch(() => []);
  const text = answers[0]?.result || job.text;
  const from = say('capture.selectionFrom', job.pageUrl);
  return { ok: true, file: new File([`${text}\n\n${from}\n`], say('capture.selectionName'), { type: 'text/plain' }) };
}

async function capturePage(job: PageJob): Promise<Captured> {
  try {
    const [answer] = await browser.scripting.executeScript({ target: { tabId: job.tabId }, func: readDocument });
    if (!answer?.result) return failed({ reason: 'page' });
    const { html, title } = answer.result;
    return { ok: true, file: new File([html], nameOfPage(title || job.title, hostOf(job.pageUrl)), { type: 'text/html' }) };
  } catch {
    return failed({ reason: 'page' });
  }
}

const mediaType = (contentType: string): string => contentType.split(';')[0]?.trim() ?? '';

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
}
