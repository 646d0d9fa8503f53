/**
 * Runs inside a page: copies its document as it stands, without anything that runs, and with a mark wherever something is
 * to be put in that lies elsewhere. Sent as source text, so that it uses nothing outside itself.
 */

/** What takes the place of a mark. */
export type Part =
  /** A file as a data: address, inside an attribute. */
  | { readonly kind: 'file'; readonly url: string }
  /** A style sheet that the page may not read itself, inside <style>. */
  | { readonly kind: 'sheet'; readonly url: string }
  /** Style rules, inside <style>. */
  | { readonly kind: 'rules'; readonly css: string; readonly base: string }
  /** A style attribute. */
  | { readonly kind: 'style'; readonly css: string; readonly base: string };

export interface PageCopy {
  /** `mark` + index + `;` stands for each part. */
  readonly html: string;
  readonly parts: readonly Part[];
  readonly title: string;
}

/** @param mark - what no page can know. @returns null where the tab shows no page, but a file of its own. */
export function readPage(mark: string): PageCopy | null {
  if (!/^(text\/html|application\/xhtml\+xml)$/.test(document.contentType)) return null;
  const parts: Part[] = [];
  /** Inert: no custom element of the page comes to life in it, and nothing is loaded. */
  const inert = document.implementation.createHTMLDocument('');
  const marked = (part: Part): string => `${mark}${parts.push(part) - 1};`;
  const absolute = (url: string): string => (URL.canParse(url, document.baseURI) ? new URL(url, document.baseURI).href : '');

  /** Runs, leads a browser elsewhere, or changes what addresses mean. */
  const LEFT_OUT = new Set(['script', 'noscript', 'template', 'base', 'object', 'embed', 'applet', 'portal', 'source', 'track']);
  const FRAMES = new Set(['iframe', 'frame']);
  const KEPT_LINKS = /\b(canonical|author|license|alternate)\b/i;

  const rulesOf = (sheet: CSSStyleSheet): string | null => {
    try {
      return Array.from(sheet.cssRules, ({ cssText }) => cssText).join('\n');
    } catch {
      return null; // of another site
    }
  };

  const styleElement = (part: Part, media: string): HTMLStyleElement => {
    const style = inert.createElement('style');
    if (media) style.media = media;
    style.textContent = marked(part);
    return style;
  };

  const styleOf = (owner: HTMLStyleElement | HTMLLinkElement | SVGStyleElement): Node | null => {
    const { sheet } = owner;
    if (!sheet || sheet.disabled) return null;
    const base = sheet.href ?? document.baseURI;
    const written = owner.localName === 'style' ? owner.textContent.trim() : '';
    const css = written || rulesOf(sheet); // rules that a script put in are written nowhere
    return styleElement(css === null ? { kind: 'sheet', url: base } : { kind: 'rules', css, base }, sheet.media.mediaText);
  };

  /** What stands for a frame or a player: where it leads. */
  const pointer = (url: string): Node | null => {
    if (!/^https?:/.test(url)) return null;
    const link = inert.createElement('a');
    link.href = url;
    link.textContent = url;
    return link;
  };

  const drawn = (canvas: HTMLCanvasElement): Node | null => {
    try {
      const image = inert.createElement('img');
      image.setAttribute('src', marked({ kind: 'file', url: canvas.toDataURL() }));
      image.setAttribute('style', canvas.getAttribute('style') ?? '');
      image.className = canvas.className;
      image.width = canvas.width;
      image.height = canvas.height;
      return image;
    } catch {
      return null; // holds a picture of another site
    }
  };

  const shadowOf = (element: Element): ShadowRoot | null => {
    const scope = globalThis as unknown as { chrome?: { dom?: { openOrClosedShadowRoot(element: Element): ShadowRoot | null } } };
    const opened = (element as Element & { openOrClosedShadowRoot?: ShadowRoot | null }).openOrClosedShadowRoot;
    return opened ?? (element instanceof HTMLElement ? scope.chrome?.dom?.openOrClosedShadowRoot(element) : null) ?? element.shadowRoot;
  };

  const adopted = (root: Document | ShadowRoot): Node[] =>
    root.adoptedStyleSheets.flatMap((sheet) => {
      const css = sheet.disabled ? null : rulesOf(sheet);
      return css ? [styleElement({ kind: 'rules', css, base: document.baseURI }, sheet.media.mediaText)] : [];
    });

  const copyAttributes = (element: Element, copy: Element): void => {
    for (const { name, value } of element.attributes) {
      if (/^on/i.test(name) || /^(srcset|sizes|loading|nonce|integrity|crossorigin|ping|srcdoc|autofocus|autoplay|http-equiv)$/i.test(name)) copy.removeAttribute(name);
      else if (/^(href|xlink:href|action|formaction|cite)$/i.test(name)) {
        if (/^[\s\p{Cc}]*(javascript|vbscript|data)\s*:/iu.test(value)) copy.removeAttribute(name);
        else if (!value.startsWith('#')) copy.setAttribute(name, absolute(value));
      } else if (/^(src|poster|background)$/i.test(name)) copy.removeAttribute(name);
      else if (name === 'style' && /url\(|image-set\(/i.test(value)) copy.setAttribute(name, marked({ kind: 'style', css: value, base: document.baseURI }));
    }
    const shown = (name: string, url: string): void => {
      if (url) copy.setAttribute(name, marked({ kind: 'file', url: absolute(url) }));
    };
    const attribute = (name: string): string => element.getAttribute(name) ?? '';
    switch (element.localName) {
      case 'img':
        shown('src', (element as HTMLImageElement).currentSrc || attribute('src'));
        break;
      case 'input':
        if (attribute('type').toLowerCase() === 'image') shown('src', attribute('src'));
        break;
      case 'video':
        shown('poster', attribute('poster'));
        break;
      case 'image':
      case 'feImage': {
        const href = attribute('href') || attribute('xlink:href');
        copy.removeAttribute('xlink:href');
        if (href && !href.startsWith('#')) shown('href', href);
        break;
      }
      default:
        if (element.hasAttribute('background')) shown('background', attribute('background'));
    }
  };

  const copyElement = (element: Element): Node | null => {
    const { localName } = element;
    if (LEFT_OUT.has(localName)) return null;
    if (FRAMES.has(localName)) return pointer((element as HTMLIFrameElement).src);
    if (localName === 'canvas' && element instanceof HTMLCanvasElement) return drawn(element);
    if (localName === 'style') return styleOf(element as HTMLStyleElement);
    if (localName === 'meta' && element.hasAttribute('http-equiv')) return null;
    if (localName === 'link') {
      const link = element as HTMLLinkElement;
      if (link.relList.contains('stylesheet')) return styleOf(link);
      const icon = link.relList.contains('icon');
      if (!icon && !KEPT_LINKS.test(link.rel)) return null;
      const copy = inert.importNode(link, false);
      copyAttributes(link, copy);
      if (icon) copy.setAttribute('href', marked({ kind: 'file', url: link.href }));
      return copy;
    }
    const copy = inert.importNode(element, false);
    copyAttributes(element, copy);
    const shadow = shadowOf(element);
    if (shadow) {
      const template = inert.createElement('template');
      template.setAttribute('shadowrootmode', 'open');
      template.content.append(...adopted(shadow), ...copies(shadow));
      copy.append(template);
    }
    copy.append(...copies(element));
    return copy;
  };

  const copies = (parent: Node): Node[] =>
    Array.from(parent.childNodes).flatMap((node) => {
      if (node instanceof Text) return [inert.importNode(node, false)];
      const copy = node.nodeType === Node.ELEMENT_NODE ? copyElement(node as Element) : null;
      return copy ? [copy] : [];
    });

  const root = copyElement(document.documentElement) as HTMLElement;
  const head = root.querySelector('head') ?? root.insertBefore(inert.createElement('head'), root.firstChild);
  const meta = (attributes: Record<string, string>): HTMLMetaElement => {
    const element = inert.createElement('meta');
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  for (const charset of head.querySelectorAll('meta[charset]')) charset.remove();
  // Whatever was missed loads and runs nothing.
  const policy = "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline' data:; form-action 'none'; base-uri 'none'";
  head.prepend(meta({ charset: 'utf-8' }), meta({ 'http-equiv': 'Content-Security-Policy', content: policy }), meta({ name: 'saved-from', content: location.href }));
  head.append(...adopted(document));
  const doctype = document.compatMode === 'BackCompat' ? '' : '<!doctype html>\n';
  return { html: doctype + root.outerHTML, parts, title: document.title };
}
