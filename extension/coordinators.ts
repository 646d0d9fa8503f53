/** Whose links this extension opens itself, and what their addresses look like. */
import { DEFAULT_COORDINATOR, type Settings } from './settings.ts';

/** @returns origins: the one that was built in, and the one of the options. */
export const knownCoordinators = ({ coordinator }: Pick<Settings, 'coordinator'>): readonly string[] => [...new Set([DEFAULT_COORDINATOR, coordinator])];

/** As regular expressions of RE2 and of JavaScript, without regard to case. */
const hostOf = (origin: string): string => `^https?://${new URL(origin).host.replace(/[.[\]]/g, String.raw`\$&`)}`;
/** What a coordinator answers with its receive page, however a mail filter spelled it: docs/protocol.md §7. */
export const linksOf = (origin: string): string => `${hostOf(origin)}/(?:/|%(?:25)*2f)*(?:d|%(?:25)*[46]4)(?:[/?#%]|$)`;
export const filesOf = (origin: string): string => `${hostOf(origin)}/`;
/** Where the built pages of a coordinator have all of their scripts. */
export const scriptsOf = (origin: string): string => `${hostOf(origin)}/assets/`;

export const isLinkOf = (href: string, origins: readonly string[]): boolean => origins.some((origin) => new RegExp(linksOf(origin), 'i').test(href));
