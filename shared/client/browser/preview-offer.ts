/** Whether a look at a file is offered: by its name and the type that the sender gave, before a byte of it is here. */
import { MIB } from '../../protocol/limits.ts';

export interface NamedFile {
  readonly path: string;
  readonly type: string;
  readonly bytes: number;
}

const TEXT_ENDINGS =
  'txt text md markdown csv tsv log json jsonl yaml yml toml ini conf cfg env xml html htm css js mjs cjs ts tsx jsx svelte vue py rb rs go c h cc cpp hpp java kt swift sh bash zsh fish ps1 bat sql diff patch tex srt vtt ics vcf asc pem gitignore dockerfile makefile license readme';
const FRAMED_ENDINGS = 'png jpg jpeg gif webp avif svg mp3 m4a wav ogg oga opus flac mp4 m4v mov webm ogv';
const TEXTS = { endings: new Set(TEXT_ENDINGS.split(' ')), types: /^text\/|^application\/(?:json|xml|javascript)$/ };
const OTHERS = { endings: new Set(`${FRAMED_ENDINGS} pdf`.split(' ')), types: /^(?:image|audio|video)\/|^application\/(?:pdf|ogg)$/ };

export const endingOf = (path: string): string => /([^./]*)$/.exec(path)![1]!.toLowerCase();

const isAmong = ({ endings, types }: typeof TEXTS, { path, type }: NamedFile): boolean => types.test(type) || endings.has(endingOf(path));

/** An image is decoded whole, and a PDF is opened whole. */
export const MAX_WHOLE_BYTES = 64 * MIB;

/** How what is no text is looked at: in a frame of the service worker, by parts; in an element of the page, whole; or not at all. */
export type PreviewWay = 'frame' | 'whole' | 'none';

/**
 * An extension's pages have no service worker that answers frames. In an engine without `navigator.storage` (see
 * stream-collect.ts) a page with such a frame was seen to stand still.
 */
export function previewWay(): PreviewWay {
  if (!('storage' in navigator)) return 'none';
  return location.protocol.endsWith('-extension:') ? 'whole' : 'frame';
}

/** Whether a look may be worth it. */
export const mayPreview = (file: NamedFile, way: PreviewWay): boolean =>
  file.bytes > 0 && (isAmong(TEXTS, file) || (isAmong(OTHERS, file) && (way === 'frame' || (way === 'whole' && file.bytes <= MAX_WHOLE_BYTES))));
