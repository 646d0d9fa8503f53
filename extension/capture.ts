/** Turns what a person asked to send into a file or a note of the send tab. */
import { browser } from 'wxt/browser';
import { ProgressMeter, REPORT_EVERY_MS } from '../shared/client/progress.ts';
import { MAX_CONTENT_BYTES, MAX_NOTE_BYTES } from '../shared/protocol/limits.ts';
import { say } from '../shared/ui/messages.ts';
import type { ChosenFile } from '../shared/ui/selection.ts';
import { noteBytes } from '../shared/ui/send-machine.ts';
import { openAddress, type Needed } from './address.ts';
import type { Answer } from './answers.ts';
import { createFetchedFile } from './fetched-files.ts';
import { nameOfPage, nameOfResponse } from './file-names.ts';
import type { FetchJob, Job, PageJob, Source } from './jobs.ts';
import { readSelection } from './page-scripts.ts';
import { Refused, refused, type Refusal } from './refusals.ts';
import { takeSnapshot } from './snapshot/take-snapshot.ts';

export interface FetchProgress {
  readonly doneBytes: number;
  /** Null where the site does not say. */
  readonly totalBytes: number | null;
  readonly bytesPerSecond: number;
  readonly secondsLeft: number | null;
}

export interface Watch {
  /** Ends it: `capture` then rejects with its reason, and nothing stays. */
  readonly signal: AbortSignal;
  onProgress(progress: FetchProgress): void;
}

export type Captured =
  | { readonly kind: 'file'; readonly file: ChosenFile; discard(): Promise<void> }
  | { readonly kind: 'note'; readonly text: string }
  /** A page of which some parts are missing: they lie on sites that may not be read. */
  | { readonly kind: 'partly'; readonly file: ChosenFile; discard(): Promise<void>; readonly missing: number; readonly patterns: readonly string[] }
  | { readonly kind: 'needs'; readonly needed: Needed }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** @throws what aborted it, and nothing else. */
export async function capture(job: Job, watch: Watch): Promise<Captured> {
  try {
    return await captureJob(job, watch);
  } catch (thrown) {
    watch.signal.throwIfAborted();
    if (thrown instanceof Refused) return { kind: 'refused', refusal: thrown.refusal };
    throw thrown;
  }
}

async function captureJob(job: Job, watch: Watch): Promise<Captured> {
  switch (job.kind) {
    case 'text':
      return { kind: 'note', text: job.text };
    case 'selection':
      return noteOf((await selectionIn(job.source)) || job.text, job.source, watch);
    case 'page':
      return capturePage(job, watch);
    default:
      return captureAddress(job, watch);
  }
}

async function captureAddress(job: FetchJob, watch: Watch): Promise<Captured> {
  const opened = await openAddress(job, watch.signal);
  return 'needs' in opened ? { kind: 'needs', needed: opened.needs } : store(opened.answer, job.kind, watch);
}

/** Streams an answer to the disk. @param fallback - its name where nothing names it. */
async function store(answer: Answer, fallback: string, { signal, onProgress }: Watch): Promise<Captured> {
  const { bytes, mime } = answer;
  if (bytes !== null && bytes > MAX_CONTENT_BYTES) {
    answer.close();
    throw refused('tooLarge');
  }
  const name = nameOfResponse({ ...answer, fallback });
  const stored = await createFetchedFile(name, bytes).catch((thrown: unknown) => {
    answer.close();
    throw thrown;
  });
  const meter = new ProgressMeter(bytes ?? Number.MAX_SAFE_INTEGER, Date.now, ({ doneBytes, bytesPerSecond, secondsLeft }) =>
    onProgress({ doneBytes, totalBytes: bytes, bytesPerSecond, secondsLeft: bytes === null ? null : secondsLeft }),
  );
  const timer = setInterval(() => meter.again(), REPORT_EVERY_MS);
  try {
    let done = 0;
    for await (const chunk of answer.body) {
      signal.throwIfAborted();
      await stored.write(chunk);
      meter.set((done += chunk.length));
    }
    // A page is handed what came until its tab was closed, or its connection broke, without an error in some browsers.
    if (bytes !== null && done !== bytes) throw refused('broken');
    return { kind: 'file', file: await stored.finish(mediaType(mime)), discard: () => stored.discard() };
  } catch (thrown) {
    await stored.discard();
    throw thrown;
  } finally {
    clearInterval(timer);
  }
}

/** With the line breaks that the page knows; empty where it cannot be asked, or nothing is selected. */
async function selectionIn({ tabId, frameId }: Source): Promise<string> {
  const answers = await browser.scripting.executeScript({ target: { tabId, frameIds: [frameId] }, func: readSelection }).catch(() => []);
  return answers[0]?.result ?? '';
}

/** A text with its source; what is more than a note holds becomes a file. */
async function noteOf(selected: string, { pageUrl }: Source, watch: Watch): Promise<Captured> {
  const text = `${selected}\n\n${say('capture.selectionFrom', pageUrl)}\n`;
  return noteBytes(text) > MAX_NOTE_BYTES ? keep(new Blob([text]), say('capture.selectionName'), 'text/plain', watch) : { kind: 'note', text };
}

/** A page as one file; what the tab shows instead of a page, such as a picture or a PDF, as that. */
async function capturePage(job: PageJob, watch: Watch): Promise<Captured> {
  const { source } = job;
  const selected = job.preferSelection ? await selectionIn(source) : '';
  if (selected !== '') return noteOf(selected, source, watch);
  const snapshot = await takeSnapshot(source, watch.signal);
  if (snapshot === null) return captureAddress({ kind: 'link', url: source.pageUrl, source }, watch);
  const { page, title, host, missing, patterns } = snapshot;
  const kept = await keep(page, nameOfPage(title || job.title, host), 'text/html', watch);
  return missing === 0 || kept.kind !== 'file' ? kept : { ...kept, kind: 'partly', missing, patterns };
}

function keep(blob: Blob, name: string, type: string, watch: Watch): Promise<Captured> {
  const answer = { status: 200, url: '', mime: type, disposition: '', bytes: blob.size, body: blob.stream() as unknown as Answer['body'], close: () => undefined };
  return store(answer, name, watch);
}

const mediaType = (contentType: string): string => contentType.split(';')[0]?.trim() ?? '';
