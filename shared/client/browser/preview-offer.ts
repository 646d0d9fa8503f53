/** Whether a look at a file is offered: by its name and the type that the sender gave, before a byte of it is here. */

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

/** Whether this browser shows what a frame of the service worker holds: in an engine without `navigator.storage` (see stream-collect.ts), the page was seen to stand still. */
export const canFrame = (): boolean => 'storage' in navigator;

/** Whether a look may be worth it. @param frames - whether it can be had of more than text. */
export const mayPreview = (file: NamedFile, frames: boolean): boolean => file.bytes > 0 && (isAmong(TEXTS, file) || (frames && isAmong(OTHERS, file)));
