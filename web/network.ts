/** The network page, `/network`: for everyone and, with a key in its fragment, for the operator of one node. */
import { mount } from 'svelte';
import NetworkPage from '../shared/ui/network/NetworkPage.svelte';
import { readNodeKey, type NodeKey, type TakenNodeKey } from '../shared/ui/network/node-key.ts';
import { networkPageTexts } from '../shared/ui/page-texts/network.ts';
import { readNodeStatus, readSummary, type SourceParts } from '../shared/ui/network/source.ts';
import { beginLanguage } from './language.ts';

/** In the history entry's state: a key was taken here before. Holds nothing of it. */
const TAKEN = { shardsend: 'taken' } as const;

const source: SourceParts = { origin: location.origin, fetch: (input, init) => fetch(input, init), now: () => Date.now() };

const isKeyGone = (history.state as { shardsend?: unknown } | null)?.shardsend === TAKEN.shardsend && location.hash === '';

/** Takes the key out of the address and of the tab's history before anything else happens. */
function takeKey(): TakenNodeKey {
  const taken = readNodeKey(location.hash);
  if (taken !== 'none') history.replaceState(TAKEN, '', location.pathname);
  return taken;
}

await beginLanguage(networkPageTexts);
mount(NetworkPage, {
  target: document.body,
  props: {
    isKeyGone,
    takeKey,
    origin: location.origin,
    readSummary: () => readSummary(source),
    readNodeStatus: (key: NodeKey) => readNodeStatus(source, key),
    later(callback: () => void, afterMs: number) {
      const timer = setTimeout(callback, afterMs);
      return () => clearTimeout(timer);
    },
  },
});
