/**
 * Every state of the sender's and the recipient's pages, for pictures and for axe: the real components and state machines,
 * with parts that answer what the state needs. Built by test-screens.ts alone. Other tests reach these states for real.
 */
import { tick } from 'svelte';
import { recipientScreens } from './recipient-screens.ts';
import { settled, type Screen } from './screen.ts';
import { senderScreens } from './sender-screens.ts';
import { sendsScreens } from './sends-screens.ts';
import { beginSpeaking, speak, type Spoken } from './speaking.svelte.ts';

const pages: Readonly<Record<string, readonly Screen[]>> = { sender: senderScreens, recipient: recipientScreens, sends: sendsScreens };

const gallery = {
  /** @returns the names of a page's screens. */
  names: (page: string): string[] => pages[page]!.map(({ name }) => name),
  /** @returns what is to be pressed then. */
  async show(page: string, name: string): Promise<readonly string[]> {
    const { show, press = [] } = pages[page]!.find((one) => one.name === name)!;
    await show();
    await settled();
    scrollTo(0, 0);
    return press;
  },
  async speak(spoken: Spoken): Promise<void> {
    await speak(spoken);
    await tick();
  },
};
export type Gallery = typeof gallery;
await beginSpeaking();
Object.assign(globalThis, { gallery });
