/** One state of a page, as the real components show it. */
import { tick } from 'svelte';

export interface Screen {
  /** Of its pictures. */
  readonly name: string;
  /** Puts the page into the document, and brings it where it shall be. */
  show(): void | Promise<void>;
  /** What a person then presses: the names of buttons, one after another. */
  readonly press?: readonly string[];
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
