/** A name for what comes from an address, a page or a header: never empty, never a path. */
import { MAX_NAME_BYTES } from '../shared/protocol/limits.ts';
import { UNSEEN } from '../shared/protocol/unseen.ts';

const EXTENSIONS: Readonly<Record<string, string>> = {
  'application/json': 'json',
  'application/pdf': 'pdf',
  'application/zip': 'zip',
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'audio/ogg': 'ogg',
  'audio/wav': 'wav',
  'image/avif': 'avif',
  'image/gif': 'gif',
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/svg+xml': 'svg',
  'image/webp': 'webp',
  'text/css': 'css',
  'text/csv': 'csv',
  'text/html': 'html',
  'text/plain': 'txt',
  'video/mp4': 'mp4',
  'video/ogg': 'ogv',
  'video/webm': 'webm',
};
const MAX_LENGTH = 120;
/** Room for one that is added. */
const EXTENSION_BYTES = 5;

export interface NameHints {
  readonly url: string;
  /** Content-Type, with or without parameters. */
  readonly mime: string;
  /** Content-Disposition, or empty. */
  readonly disposition: string;
  /** For an address that names nothing. */
  readonly fallback: string;
}

/** What the server calls it, else the end of the address, else `fallback`; with an extension where its type tells one. */
export function nameOfResponse({ url, mime, disposition, fallback }: NameHints): string {
  const name = cleanName(nameOfDisposition(disposition) ?? nameOfUrl(url) ?? '') || fallback;
  const extension = EXTENSIONS[mime.split(';')[0]?.trim().toLowerCase() ?? ''];
  return extension === undefined || /\.[a-z0-9]{1,8}$/i.test(name) ? name : `${name}.${extension}`;
}

export const nameOfPage = (title: string, host: string): string => `${cleanName(title) || cleanName(host) || 'page'}.html`;

/** One component that every disk takes. */
export function cleanName(text: string): string {
  const plain = text.replace(UNSEEN, ' ').replace(/[\\/:*?"<>|]+/g, ' ');
  const name = plain.replace(/\s+/g, ' ').replace(/^[. ]+|[. ]+$/g, '');
  const end = /\.[a-z0-9]{1,8}$/i.exec(name)?.[0] ?? '';
  const start = name.slice(0, name.length - end.length);
  let length = Math.min(start.length, MAX_LENGTH - end.length);
  while (bytesOf(start.slice(0, length)) > MAX_NAME_BYTES - end.length - EXTENSION_BYTES) length--;
  if (length === start.length) return name;
  // No half of a character.
  return `${start
    .slice(0, length)
    .replace(/[\uD800-\uDBFF]$/, '')
    .trimEnd()}${end}`;
}

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

function nameOfDisposition(header: string): string | null {
  const extended = /filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(header)?.[1];
  if (extended) return decode(extended);
  const plain = /filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(header);
  return plain ? (plain[1]?.replace(/\\(.)/g, '$1') ?? plain[2] ?? null) : null;
}

function nameOfUrl(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { protocol, pathname } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') return null;
  return decode(pathname.split('/').at(-1) ?? '');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
