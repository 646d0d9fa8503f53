/** How an upload that is under way is told to halt and to go on: by a person, or because there is no network. */

export type Halt = 'paused' | 'offline';

export class UploadControl {
  #paused = false;
  #online = true;
  readonly #listeners = new Set<() => void>();

  /** Why nothing is to be sent now; null while all is well. A pause outlasts what the network does. */
  get halt(): Halt | null {
    if (this.#paused) return 'paused';
    return this.#online ? null : 'offline';
  }

  pause(): void {
    this.#paused = true;
    this.#changed();
  }
  proceed(): void {
    this.#paused = false;
    this.#changed();
  }
  setOnline(online: boolean): void {
    this.#online = online;
    this.#changed();
  }

  /** @returns the end of listening. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
