/** Why something could not be had, each in a sentence of its own. */
import { say } from '../shared/ui/messages.ts';
import type { FetchJob } from './jobs.ts';

export type Refusal =
  | { readonly reason: 'status'; readonly status: number }
  | { readonly reason: 'scheme'; readonly scheme: string }
  /**
   * network: no answer, or none that may be read. offline: no network here. broken: the answer ended early. signIn: a page
   * instead of the file. elsewhere: led on to a site that may not be read. page: no script may run there. gone: the page let
   * go of it, or was closed. streamed: made of pieces by the page's player. room: no place on this device. tooLarge: more
   * than one send carries.
   */
  | { readonly reason: 'network' | 'offline' | 'broken' | 'signIn' | 'elsewhere' | 'page' | 'gone' | 'streamed' | 'room' | 'tooLarge' };

/** Ends a fetch with a reason that a person can be told. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal, options?: ErrorOptions) {
    super(refusal.reason, options);
    this.refusal = refusal;
  }
}

export const refused = (reason: Exclude<Refusal['reason'], 'status' | 'scheme'>, options?: ErrorOptions): Refused => new Refused({ reason }, options);

export function explain(refusal: Refusal): string {
  if (refusal.reason === 'status') return explainStatus(refusal.status);
  if (refusal.reason === 'scheme') return say('capture.failed.scheme', refusal.scheme);
  return say(`capture.failed.${refusal.reason}`);
}

function explainStatus(status: number): string {
  if (status === 401 || status === 407) return say('capture.failed.unauthorized', status);
  if (status === 403) return say('capture.failed.forbidden', status);
  if (status === 404 || status === 410) return say('capture.failed.missing', status);
  if (status === 429) return say('capture.failed.busy', status);
  return status >= 500 ? say('capture.failed.trouble', status) : say('capture.failed.status', status);
}

/** Whether the person's own rights at the site may change this answer. */
export const mayBeRights = (refusal: Refusal): boolean =>
  refusal.reason === 'network' || refusal.reason === 'signIn' || (refusal.reason === 'status' && (refusal.status === 401 || refusal.status === 403));

/** What sites answer with instead of a file to whoever is not signed in. */
const SIGN_IN = /(^|[/._-])(log[-_]?in|sign[-_]?in|sso|auth|oauth2?|saml|account|session)s?([/._-]|$)/i;
const PAGE_ENDING = /\.(x?html?|php|aspx?|jsp|cgi)$/i;

/**
 * Whether a page came where a file was meant: of a picture, a film or a sound always; of a link where its address names a
 * file, or leads on to a place to sign in.
 *
 * @param url - of the answer, after it was led on.
 * @param mime - Content-Type, with or without parameters.
 */
export function isSignIn({ kind, url: asked }: Pick<FetchJob, 'kind' | 'url'>, url: string, mime: string): boolean {
  if (!/^\s*(text\/html|application\/xhtml\+xml)\s*(;|$)/i.test(mime)) return false;
  if (kind !== 'link') return true;
  const name = pathOf(asked).split('/').at(-1) ?? '';
  if (/\.[a-z][a-z0-9]{1,5}$/i.test(name) && !PAGE_ENDING.test(name)) return true;
  return pathOf(url) !== pathOf(asked) && SIGN_IN.test(pathOf(url)) && !SIGN_IN.test(pathOf(asked));
}

const pathOf = (url: string): string => (URL.canParse(url) ? new URL(url).pathname : '');
