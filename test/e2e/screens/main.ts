/**
 * Every state of the sender's and the recipient's pages, for pictures and for axe: the real components and state machines,
 * with parts that answer what the state needs. Built by screens.test.ts alone. Other tests reach these states for real.
 */
import { recipientScreens } from './recipient-screens.ts';
import type { Screen } from './screen.ts';
import { settled } from './screen.ts';
import { senderScreens } from './sender-screens.ts';
import { sendsScreens } from './sends-screens.ts';

const pages: Readonly<Record<string, readonly Screen[]>> = { sender: senderScreens, recipient: recipientScreens, sends: sendsScreens };

/** `?page` lists the names of its screens; `?page/name` shows one. */
const [page = '', name] = location.search.slice(1).split('/');
const screens = pages[page] ?? [];
const screen = screens.find((one) => one.name === name);
await screen?.show();
await settled();
document.documentElement.dataset['screens'] = JSON.stringify(screen ? (screen.press ?? []) : screens.map((one) => one.name));
