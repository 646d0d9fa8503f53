/** What a page does with the transfers that were sent from it. */
import { TransferControl } from '../control.ts';
import type { ClientDeps } from '../deps.ts';
import { addKeptLink, changeKeptLimit, repeatKeptLink, revokeKeptLink, type KeptLinkChoices } from '../kept-links.ts';
import type { SendRecord, SendStore } from '../sends/index.ts';
import { stretchInWorker } from './stretch.ts';

/** The next look comes by itself: one that gets no answer is not repeated for a minute. */
const ONCE = { patienceMs: 0 };

interface LinkWishes extends Omit<KeptLinkChoices, 'passwordKey'> {
  /** Empty for a link that opens at once. */
  readonly password: string;
}

/** @param workerUrl - of the built transfer.worker.ts; as a TrustedScriptURL where the page enforces Trusted Types. */
export function sendControl(record: SendRecord, store: SendStore, deps: ClientDeps, workerUrl: string) {
  const control = new TransferControl(record, deps);
  return {
    status: () => control.status(ONCE),
    extend: (seconds: number) => control.extend(seconds),
    revoke: () => control.revoke(),
    addLink({ password, ...wishes }: LinkWishes, onStretching: (fraction: number) => void) {
      const passwordKey = password === '' ? undefined : (salt: Uint8Array) => stretchInWorker(password, salt, workerUrl, onStretching);
      return addKeptLink(store, record, { ...wishes, passwordKey }, deps);
    },
    repeatLink: (linkId: string) => repeatKeptLink(store, record, linkId, deps),
    changeLimit: (linkId: string, downloadLimit: number | null) => changeKeptLimit(store, record, linkId, downloadLimit, deps),
    revokeLink: (linkId: string) => revokeKeptLink(store, record, linkId, deps),
  };
}
