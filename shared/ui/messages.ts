/**
 * Every text that people read, for programs that speak of everything; what a page loads names its own sets (say.ts). What
 * went wrong is told by `sentenceOf(code)`; `titleOf` gives the headings above such sentences.
 */
import { extensionTexts } from './messages/extension.ts';
import { generalTexts } from './messages/general.ts';
import { identityTexts } from './messages/identity.ts';
import { noteReadingTexts } from './messages/note-reading.ts';
import { noteWritingTexts } from './messages/note-writing.ts';
import { networkTexts } from './messages/network.ts';
import { nodeTexts } from './messages/node.ts';
import { previewsTexts } from './messages/previews.ts';
import { receivingTexts } from './messages/receiving.ts';
import { sendingTexts } from './messages/sending.ts';
import { sendsTexts } from './messages/sends.ts';
import { sayFrom } from './say.ts';

export const say = sayFrom(
  generalTexts,
  identityTexts,
  sendingTexts,
  sendsTexts,
  receivingTexts,
  extensionTexts,
  networkTexts,
  nodeTexts,
  noteReadingTexts,
  noteWritingTexts,
  previewsTexts,
);

export { sentenceOf } from './sentence-of.ts';
export { titleOf } from './title-of.ts';
