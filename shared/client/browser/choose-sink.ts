/**
 * Where a page puts what it receives, chosen by trying. What is staged are the first segments of the whole, so some files alone are streamed. First a private file of the origin, which outlives the page; where
 * there is none, no room, or memory in the place of a disk, the service worker's stream, which the page collects in
 * engines that would leave half a file (stream-collect.ts).
 */
import type { ReceiveSink } from '../deps.ts';
import type { OpeningInput } from '../receive/segment-writer.ts';
import { downloadSink } from './download-sink.ts';
import { StagingSink, type StagingHost } from './staging-sink.ts';

/** @returns `keeps`: a download that is interrupted goes on later. */
export async function chooseSink(input: OpeningInput, host: StagingHost): Promise<{ readonly sink: ReceiveSink; readonly keeps: boolean }> {
  const staging = input.isWhole ? await StagingSink.open(input, host) : null;
  return staging === null ? { sink: downloadSink(input.files, host), keeps: false } : { sink: staging, keeps: true };
}
