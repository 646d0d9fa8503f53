/**
 * Chromium's part in catching links: rules that the browser keeps and obeys without the background. No page below `/d/` of a
 * known coordinator is ever asked for, and none of its pages may have a service worker that reaches there: that one would see
 * a link, fragment and all, before any rule does. docs/decisions/0014.
 */
import { browser } from 'wxt/browser';
import { filesOf, knownCoordinators, linksOf, scriptsOf } from './coordinators.ts';
import { receiveUrl } from './pages.ts';
import { loadSettings } from './settings.ts';

type Rule = Parameters<typeof browser.declarativeNetRequest.updateDynamicRules>[0]['addRules'] extends readonly (infer R)[] | undefined ? R : never;

const PAGES = ['main_frame'] as Rule['condition']['resourceTypes'];
const FRAMES = ['sub_frame'] as Rule['condition']['resourceTypes'];
const WORKER_SCRIPTS = ['script', 'other'] as Rule['condition']['resourceTypes'];

/** Without the ids. */
const rulesOf = (origin: string): Omit<Rule, 'id'>[] => [
  { action: { type: 'redirect', redirect: { regexSubstitution: receiveUrl(String.raw`\0`) } }, condition: { regexFilter: `${linksOf(origin)}.*`, resourceTypes: PAGES } },
  { action: { type: 'block' }, condition: { regexFilter: linksOf(origin), resourceTypes: FRAMES } },
  // A service worker reaches no further than the folder of its script, unless the server says so.
  { action: { type: 'block' }, condition: { regexFilter: filesOf(origin), resourceTypes: WORKER_SCRIPTS } },
  { priority: 2, action: { type: 'allow' }, condition: { regexFilter: scriptsOf(origin), resourceTypes: WORKER_SCRIPTS } },
  {
    priority: 3,
    action: { type: 'modifyHeaders', responseHeaders: [{ header: 'Service-Worker-Allowed', operation: 'remove' }] },
    condition: { regexFilter: filesOf(origin), resourceTypes: WORKER_SCRIPTS },
  },
];

/** As the options say. Where the right to an origin is missing, the browser passes over its rules. */
export async function applyLinkRules(): Promise<void> {
  const settings = await loadSettings();
  const origins = settings.opensLinks ? knownCoordinators(settings) : [];
  const addRules = origins.flatMap(rulesOf).map((rule, index) => ({ ...rule, id: index + 1 }));
  const removeRuleIds = (await browser.declarativeNetRequest.getDynamicRules()).map(({ id }) => id);
  await browser.declarativeNetRequest.updateDynamicRules({ removeRuleIds, addRules });
  const [first, ...more] = origins;
  // What was registered before.
  if (first !== undefined) await browser.browsingData.removeServiceWorkers({ origins: [first, ...more] });
}
