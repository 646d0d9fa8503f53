/** Keeps what was sent with this extension and the person's vault the same, while the identity is open. */
import { AccountApi, Identity, forgetMirror, syncVault } from '../../shared/client/account/index.ts';
import { webDeps } from '../../shared/client/index.ts';
import { browserVault } from '../../shared/client/sends/index.ts';
import type { Entropy } from '../../shared/crypto/index.ts';
import { loadSettings } from '../settings.ts';
import { readOpen } from './keeper.ts';

const SYNC_PATIENCE_MS = 5_000;
const deps = webDeps();

async function accountOf(entropy: Entropy) {
  const [identity, { coordinator }] = await Promise.all([Identity.from(entropy), loadSettings()]);
  return { identity, api: new AccountApi(coordinator, identity, deps), vault: browserVault() };
}

/**
 * One at a time in the whole browser: a page and the background would do the same work twice.
 *
 * @returns false while the identity is locked, or where there is none. @throws SendError.
 */
export function synchronise(): Promise<boolean> {
  return navigator.locks.request('synchronise', async () => {
    const entropy = await readOpen(deps.now());
    if (entropy === null) return false;
    await syncVault(await accountOf(entropy), { patienceMs: SYNC_PATIENCE_MS });
    return true;
  });
}

/** Everything that the coordinator has of the account. @throws SendError. */
export async function eraseVault(entropy: Entropy): Promise<void> {
  await (await accountOf(entropy)).api.erase({ patienceMs: SYNC_PATIENCE_MS });
}

/** Whoever enters the words here again takes the vault as it is then. */
export async function forgetVault(entropy: Entropy): Promise<void> {
  await forgetMirror(await accountOf(entropy));
}
