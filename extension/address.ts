/**
 * Opens an address with the least power that does: of the page's own site inside the page, of another from the extension
 * without any right, then inside the page, then, only if the person allows it, with the right to read that one site and the cookies that the person has there.
 */
import { browser } from 'wxt/browser';
import { isGood, type Answer } from './answers.ts';
import type { FetchJob, Source } from './jobs.ts';
import { fetchInPage } from './page-port.ts';
import { withReferer } from './referer.ts';
import { isSignIn, mayBeRights, Refused, refused } from './refusals.ts';

/** Sites that only the person can open to the extension, on a click. */
export interface Needed {
  /** Match patterns. */
  readonly patterns: readonly string[];
  /** `site`: the address's own. `elsewhere`: the address leads on, and no browser says where to. */
  readonly why: 'site' | 'elsewhere';
}

export type Opened = { readonly answer: Answer } | { readonly needs: Needed };

export const ANY_SITE = ['https://*/*', 'http://*/*'];

/** What to ask the person for, as a match pattern. */
export const patternOf = (url: string): string => `${new URL(url).origin.replace(/:\d+$/, '')}/*`;

/** The host as a person knows it; empty for addresses without one. */
export const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : '');

const mayRead = (patterns: readonly string[]): Promise<boolean> => browser.permissions.contains({ origins: [...patterns] });

/** @throws Refused. */
export async function openAddress(job: FetchJob, signal: AbortSignal): Promise<Opened> {
  const scheme = URL.canParse(job.url) ? new URL(job.url).protocol : '';
  if (scheme === 'data:') return { answer: await fetchHere(job, 'omit', signal) };
  if (scheme === 'blob:') return { answer: await openBlob(job, signal) };
  if (scheme !== 'http:' && scheme !== 'https:') throw new Refused({ reason: 'scheme', scheme });
  if (!navigator.onLine) throw refused('offline');
  const { source } = job;
  if (source === null || !isOwn(job, source)) return openHere(job, signal);
  const inPage = await tried(fetchInPage(source, job.url, signal).then((answer) => checked(job, answer)));
  if ('answer' in inPage) return inPage;
  const { reason } = inPage.refusal;
  if (reason === 'status' || reason === 'signIn') throw new Refused(inPage.refusal);
  if (reason === 'elsewhere' && !(await mayRead(ANY_SITE))) return { needs: { patterns: ANY_SITE, why: 'elsewhere' } };
  return openHere(job, signal);
}

/** Of its own site a page's answer is the last word: nobody else has more rights there. */
const isOwn = ({ url }: FetchJob, { pageUrl }: Source): boolean => hostOf(url) === hostOf(pageUrl);

/** The page alone has its blobs. @throws Refused. */
async function openBlob(job: FetchJob, signal: AbortSignal): Promise<Answer> {
  if (!job.source) throw new Refused({ reason: 'scheme', scheme: 'blob:' });
  const inPage = await tried(fetchInPage(job.source, job.url, signal));
  if ('answer' in inPage) return inPage.answer;
  if (inPage.refusal.reason !== 'network') throw new Refused(inPage.refusal);
  // What a player puts together has such an address too, behind which no file lies.
  throw refused(job.kind === 'video' || job.kind === 'audio' ? 'streamed' : 'gone');
}

async function openHere(job: FetchJob, signal: AbortSignal): Promise<Opened> {
  const site = [patternOf(job.url)];
  if (await mayRead(site)) return openWithRights(job, signal);
  const plain = await tried(fetchHere(job, 'omit', signal).then((answer) => checked(job, answer)));
  if ('answer' in plain) return plain;
  // Another site may let this page read it, and no one else.
  const { source } = job;
  const inPage = source && !isOwn(job, source) ? await tried(fetchInPage(source, job.url, signal).then((answer) => checked(job, answer))) : null;
  if (inPage && 'answer' in inPage) return inPage;
  if (mayBeRights(plain.refusal)) return { needs: { patterns: site, why: 'site' } };
  throw new Refused(plain.refusal);
}

async function openWithRights(job: FetchJob, signal: AbortSignal): Promise<Opened> {
  const opened = await tried(withReferer(job, () => fetchHere(job, 'include', signal)).then((answer) => checked(job, answer)));
  if ('answer' in opened) return opened;
  if (opened.refusal.reason !== 'network' || (await mayRead(ANY_SITE))) throw new Refused(opened.refusal);
  const redirected = await fetch(job.url, { credentials: 'include', redirect: 'manual', signal }).then(
    ({ type }) => type === 'opaqueredirect',
    () => false,
  );
  if (redirected) return { needs: { patterns: ANY_SITE, why: 'elsewhere' } };
  throw new Refused(opened.refusal);
}

/** @throws Refused where the answer is none that was meant. */
function checked(job: FetchJob, answer: Answer): Answer {
  const { status, url, mime } = answer;
  if (isGood(answer) && !isSignIn(job, url, mime)) return answer;
  answer.close();
  throw isGood(answer) ? refused('signIn') : new Refused({ reason: 'status', status });
}

/** @throws Refused `network`. */
async function fetchHere({ url }: FetchJob, credentials: RequestCredentials, signal: AbortSignal): Promise<Answer> {
  const left = new AbortController();
  const end = AbortSignal.any([left.signal, signal]);
  const response = await fetch(url, { credentials, referrerPolicy: 'no-referrer', signal: end }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw refused('network', { cause });
  });
  const { headers } = response;
  const length = Number(headers.get('content-length') ?? NaN);
  return {
    status: response.status,
    url: response.url,
    mime: headers.get('content-type') ?? '',
    disposition: headers.get('content-disposition') ?? '',
    bytes: Number.isSafeInteger(length) && !headers.has('content-encoding') ? length : null,
    body: read(response.body ?? new Blob([]).stream(), signal),
    close: () => left.abort(),
  };
}

async function* read(body: ReadableStream<Uint8Array<ArrayBuffer>>, signal: AbortSignal): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      signal.throwIfAborted();
      throw refused('broken', { cause });
    });
    if (done) return;
    yield value;
  }
}

/** A refusal as a value: another way may be left. */
async function tried(answer: Promise<Answer>): Promise<{ readonly answer: Answer } | { readonly refusal: Refused['refusal'] }> {
  try {
    return { answer: await answer };
  } catch (thrown) {
    if (thrown instanceof Refused) return { refusal: thrown.refusal };
    throw thrown;
  }
}
