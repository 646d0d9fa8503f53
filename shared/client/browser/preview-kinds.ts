/**
 * What a file may be shown as. Its own first bytes decide, from a closed list; its name and the type that the sender gave
 * only say whether a look is worth it, and tell apart what begins alike.
 */
import { endingOf, MAX_WHOLE_BYTES, type NamedFile } from './preview-offer.ts';
import type { PreviewMime } from './preview-protocol.ts';

export type PreviewKind = { readonly kind: 'image' | 'audio' | 'video'; readonly mime: PreviewMime } | { readonly kind: 'text' } | { readonly kind: 'pdf' };

/** Enough of a file to tell what it is. */
export const SNIFFED_BYTES = 4096;

/** @param head - the file's first SNIFFED_BYTES, or all of it. @returns null for what is not shown. */
export function previewKind(head: Uint8Array, file: NamedFile): PreviewKind | null {
  const kind = kindByMagic(head, file) ?? kindOfText(head, file);
  const isWhole = kind?.kind === 'image' || kind?.kind === 'pdf';
  return kind && isWhole && file.bytes > MAX_WHOLE_BYTES ? null : kind;
}

function kindByMagic(head: Uint8Array, { path, type }: NamedFile): PreviewKind | null {
  const at = (offset: number, text: string): boolean => head.length >= offset + text.length && latin(head.subarray(offset, offset + text.length)) === text;
  const image = (mime: PreviewMime & `image/${string}`): PreviewKind => ({ kind: 'image', mime });
  const audio = (mime: PreviewMime & `audio/${string}`): PreviewKind => ({ kind: 'audio', mime });
  const video = (mime: PreviewMime & `video/${string}`): PreviewKind => ({ kind: 'video', mime });
  if (at(0, '\x89PNG\r\n\x1a\n')) return image('image/png');
  if (at(0, '\xff\xd8\xff')) return image('image/jpeg');
  if (at(0, 'GIF87a') || at(0, 'GIF89a')) return image('image/gif');
  if (at(0, 'RIFF') && at(8, 'WEBP')) return image('image/webp');
  if (at(0, 'RIFF') && at(8, 'WAVE')) return audio('audio/wav');
  if (at(0, 'fLaC')) return audio('audio/flac');
  if (at(0, 'OggS')) return latin(head).includes('theora') ? video('video/ogg') : audio('audio/ogg');
  if (at(0, 'ID3') || (head[0] === 0xff && (head[1]! & 0xe6) === 0xe2)) return audio('audio/mpeg');
  if (at(0, '\x1a\x45\xdf\xa3')) return latin(head.subarray(0, 64)).includes('webm') ? video('video/webm') : null;
  if (at(4, 'ftyp')) {
    const brand = latin(head.subarray(8, 12));
    if (brand === 'avif' || brand === 'avis') return image('image/avif');
    if (/^(?:heic|heix|mif1|msf1|crx )$/.test(brand)) return null;
    return brand.startsWith('M4A') || type.startsWith('audio/') || endingOf(path) === 'm4a' ? audio('audio/mp4') : video('video/mp4');
  }
  return at(0, '%PDF-') ? { kind: 'pdf' } : null;
}

/** Text is what is UTF-8 without control characters, and an SVG is text that says so. */
function kindOfText(head: Uint8Array, { type, path, bytes }: NamedFile): PreviewKind | null {
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: head.length < bytes });
  } catch {
    return null;
  }
  if (/[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text)) return null;
  const isSvg = (type === 'image/svg+xml' || endingOf(path) === 'svg') && /^\s*(?:<\?xml|<!--|<!DOCTYPE svg|<svg)/.test(text) && text.includes('<svg');
  return isSvg ? { kind: 'image', mime: 'image/svg+xml' } : { kind: 'text' };
}

const latin = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
