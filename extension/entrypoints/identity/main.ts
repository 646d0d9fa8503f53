/** The page of a person's identity: made, restored, unlocked, locked and removed here. */
import { mount } from 'svelte';
import { stretchInWorker } from '../../../shared/client/browser/stretch.ts';
import { webDeps } from '../../../shared/client/index.ts';
import { transferWorkerUrl } from '../../../shared/ui/trusted-urls.ts';
import { IdentityPage } from '../../identity/identity.svelte.ts';
import { keepIdentity, lock, openUntilLater, readLocked, readOpen, removeIdentity, touch } from '../../identity/keeper.ts';
import { eraseVault, forgetVault, synchronise } from '../../identity/synchronise.ts';
import { beginLanguage } from '../../language.ts';
import App from './App.svelte';

const { now, randomBytes } = webDeps();
const page = new IdentityPage({
  readLocked,
  readOpen: () => readOpen(now()),
  keep: (locked, entropy) => keepIdentity(locked, entropy, now()),
  open: (entropy) => openUntilLater(entropy, now()),
  lock,
  async forget(entropy) {
    await forgetVault(entropy);
    await removeIdentity();
  },
  async synchronise() {
    await touch(now());
    return synchronise();
  },
  erase: eraseVault,
  stretch: (password, salt, onProgress) => stretchInWorker(password, salt, transferWorkerUrl, onProgress),
  randomBytes,
});

await Promise.all([beginLanguage(), page.load()]);
mount(App, { target: document.body, props: { page } });
