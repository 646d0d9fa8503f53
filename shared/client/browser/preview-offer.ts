/** Whether a look at a file is offered: by its name and the type that the sender gave, before a byte of it is here. */

export interface NamedFile {
  readonly path: string;
  readonly type: string;
  readonly bytes: number;
}

const TEXT_ENDINGS =
  'txt text md markdown csv tsv log json jsonl yaml yml toml ini conf cfg env xml html htm css js mjs cjs ts tsx jsx svelte vue py rb rs go c h cc cpp hpp java kt swift sh bash zsh fish ps1 bat sql diff patch tex srt vtt ics vcf asc pem gitignore dockerfile makefile license readme';
const ENDINGS = new Set(`${TEXT_ENDINGS} png jpg jpeg gif webp avif svg mp3 m4a wav ogg oga opus flac mp4 m4v mov webm ogv pdf`.split(' '));
const TYPES = /^(?:image|audio|video|text)\/|^application\/(?:pdf|json|ogg|xml|javascript)$/;

export const endingOf = (path: string): string => /([^./]*)$/.exec(path)![1]!.toLowerCase();

/** Whether a look may be worth it. */
export const mayPreview = ({ path, type, bytes }: NamedFile): boolean => bytes > 0 && (TYPES.test(type) || ENDINGS.has(endingOf(path)));

/** Whether this browser can: in an engine without `navigator.storage` (see stream-collect.ts), a look was seen never to come. */
export const canPreview = (): boolean => 'storage' in navigator;
