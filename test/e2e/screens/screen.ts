/** One state of a page, as the real components show it. */
import { mount, tick, unmount, type Component } from 'svelte';

export interface Screen {
  /** Of its pictures. */
  readonly name: string;
  /** Puts the page into the document, and brings it where it shall be. */
  show(): void | Promise<void>;
  /** What a person then presses: the names of buttons, one after another. */
  readonly press?: readonly string[];
}

let page: Record<string, unknown> | null = null;

/** Shows a page instead of the one before it. */
export function put<Props extends Record<string, unknown>>(component: Component<Props>, props: Props): void {
  if (page) void unmount(page);
  page = mount(component, { target: document.body, props });
}

/** For everything that hangs on a promise that is kept already to be in the document. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    await tick();
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}

/** What never comes: a state that waits for it stays. */
export const never = <Value>(): Promise<Value> => new Promise(() => undefined);
