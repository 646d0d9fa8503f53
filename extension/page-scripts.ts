/**
 * Functions that run inside the page a person right-clicked in, with that page's rights and no more (activeTab). Each is
 * sent as source text, so it must not use anything outside itself. What they return crosses as JSON.
 */

export type Fetched =
  | { readonly ok: true; readonly key: string; readonly bytes: number; readonly mime: string; readonly disposition: string; readonly url: string }
  | { readonly ok: false; readonly status: number | null };

/** Fetches an address and keeps the bytes in the page's memory until `readSlice` has taken them. */
export async function fetchInPage(url: string): Promise<Fetched> {
  const kept = ((globalThis as Record<string, unknown>)['shardsendKept'] ??= new Map<string, Blob>()) as Map<string, Blob>;
  try {
    const response = await fetch(url, { credentials: 'same-origin' });
    if (!response.ok) return { ok: false, status: response.status };
    const blob = await response.blob();
    const key = crypto.getRandomValues(new Uint32Array(4)).join('-');
    kept.set(key, blob);
    const mime = response.headers.get('content-type') ?? blob.type;
    return { ok: true, key, bytes: blob.size, mime, disposition: response.headers.get('content-disposition') ?? '', url: response.url || url };
  } catch {
    return { ok: false, status: null };
  }
}

/** @returns the bytes as base64, or null when the page no longer has them; forgets them after the last ones. */
export async function readSlice(key: string, from: number, to: number): Promise<string | null> {
  const kept = (globalThis as Record<string, unknown>)['shardsendKept'] as Map<string, Blob> | undefined;
  const blob = kept?.get(key);
  if (!kept || !blob) return null;
  if (to >= blob.size) kept.delete(key);
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => resolve((reader.result as string).split(',', 2)[1] ?? ''));
    reader.addEventListener('error', () => resolve(null));
    reader.readAsDataURL(blob.slice(from, to));
  });
}

/** The selection with its line breaks, also inside a field. */
export function readSelection(): string {
  const field = document.activeElement;
  if (field instanceof HTMLTextAreaElement || (field instanceof HTMLInputElement && field.type !== 'password')) {
    const { selectionStart, selectionEnd, value } = field;
    if (selectionStart !== null && selectionEnd !== null && selectionStart !== selectionEnd) return value.slice(selectionStart, selectionEnd);
  }
  return getSelection()?.toString() ?? '';
}

/** The document as it stands now, with an address that its relative ones start from. */
export function readDocument(): { html: string; title: string } {
  const copy = document.documentElement.cloneNode(true) as HTMLElement;
  const head = copy.querySelector('head');
  if (head && !copy.querySelector('base')) {
    const base = document.createElement('base');
    base.href = document.baseURI;
    head.prepend(base);
  }
  const doctype = document.doctype ? new XMLSerializer().serializeToString(document.doctype) : '';
  return { html: `${doctype}\n${copy.outerHTML}`, title: document.title };
}
