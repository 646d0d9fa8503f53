/**
 * The only scripts that a page may start besides itself: its transfer worker and the download worker. Every page is
 * served with `require-trusted-types-for 'script'`, so that no other address can be turned into code, here or in a library.
 */
// oxlint-disable-next-line import/default -- Vite answers this import with the address of the built worker
import workerPath from '../client/browser/transfer.worker.ts?worker&url';

const DOWNLOAD_WORKER_PATH = '/sw.js';
const allowed: ReadonlySet<string> = new Set([workerPath, DOWNLOAD_WORKER_PATH]);

interface Policy {
  createScriptURL(url: string): string;
}
interface PolicyFactory {
  createPolicy(name: string, rules: Policy): Policy;
}

const rules: Policy = {
  createScriptURL(url) {
    if (!allowed.has(url)) throw new TypeError('not a script of this page');
    return new URL(url, location.origin).href;
  },
};

// Browsers without Trusted Types get the same check and a plain string.
const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes;
const policy = factory ? factory.createPolicy('shardsend', rules) : rules;

/** For `new Worker(…, {type: 'module'})`. */
export const transferWorkerUrl = policy.createScriptURL(workerPath);
/** For `navigator.serviceWorker.register(…)`; only pages of the coordinator have it. */
export const downloadWorkerUrl = policy.createScriptURL(DOWNLOAD_WORKER_PATH);
