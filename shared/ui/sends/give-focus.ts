import { tick } from 'svelte';

/** Gives the focus on where the control that had it is gone after some work. Who went on elsewhere meanwhile keeps it there. */
export async function giveFocus(find: () => HTMLElement | null | undefined): Promise<void> {
  await tick();
  if (document.activeElement === document.body) find()?.focus();
}
