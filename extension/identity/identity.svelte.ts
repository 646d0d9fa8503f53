/** What the identity page shows, from the first look to an open vault; the steps of a person, one after another. */
import { lockIdentity, readWords, unlockIdentity, type LockedIdentity, type Stretch } from '../../shared/client/account/index.ts';
import { WORD_COUNT, asEntropy, isWord, wordsOf, type Entropy } from '../../shared/crypto/index.ts';
import { asSendError, type ErrorCode } from '../../shared/protocol/errors.ts';
import { KEY_BYTES } from '../../shared/protocol/bytes.ts';

export const SHORTEST_PASSWORD = 10;
const ASKED_WORDS = 3;

export type IdentityState =
  | { readonly step: 'loading' | 'none' }
  | { readonly step: 'words'; readonly words: readonly string[] }
  /** `asked`: positions from 0, ascending. */
  | { readonly step: 'check'; readonly words: readonly string[]; readonly asked: readonly number[]; readonly wrong: boolean }
  | { readonly step: 'restore'; readonly refusal: ErrorCode | null; readonly unknown: readonly string[] }
  /** `fraction`: of the work that the password makes; null before. */
  | { readonly step: 'password'; readonly problem: 'short' | 'different' | null; readonly fraction: number | null }
  | { readonly step: 'locked'; readonly refusal: ErrorCode | null; readonly fraction: number | null }
  | { readonly step: 'open'; readonly sync: 'busy' | 'done' | ErrorCode; readonly asking: 'forget' | 'erase' | null; readonly busy: boolean };

export interface IdentityParts {
  readLocked(): Promise<LockedIdentity | null>;
  readOpen(): Promise<Entropy | null>;
  keep(locked: LockedIdentity, entropy: Entropy): Promise<void>;
  open(entropy: Entropy): Promise<void>;
  lock(): Promise<void>;
  /** Leaves nothing of the identity on this machine. */
  forget(entropy: Entropy): Promise<void>;
  /** @throws SendError. */
  synchronise(): Promise<unknown>;
  /** Everything that the coordinator has. @throws SendError. */
  erase(entropy: Entropy): Promise<void>;
  stretch(password: string, salt: Uint8Array, onProgress: (fraction: number) => void): ReturnType<Stretch>;
  randomBytes(length: number): Uint8Array;
}

export class IdentityPage {
  readonly #parts: IdentityParts;
  #state = $state.raw<IdentityState>({ step: 'loading' });
  /** That which is to be kept, until it is. */
  #entropy: Entropy | null = null;

  constructor(parts: IdentityParts) {
    this.#parts = parts;
  }

  get state(): IdentityState {
    return this.#state;
  }

  async load(): Promise<void> {
    const [locked, open] = await Promise.all([this.#parts.readLocked(), this.#parts.readOpen()]);
    if (locked === null) this.#state = { step: 'none' };
    else if (open === null) this.#state = { step: 'locked', refusal: null, fraction: null };
    else await this.#opened();
  }

  make(): void {
    this.#entropy = asEntropy(Uint8Array.from(this.#parts.randomBytes(KEY_BYTES)));
    this.#state = { step: 'words', words: wordsOf(this.#entropy) };
  }

  /** The words were written down: some are asked back. */
  written(): void {
    if (this.#state.step !== 'words') return;
    this.#state = { step: 'check', words: this.#state.words, asked: this.#drawPositions(), wrong: false };
  }

  /** @param answers - the words at the positions that were asked for. */
  answer(answers: readonly string[]): void {
    if (this.#state.step !== 'check') return;
    const { words, asked } = this.#state;
    const right = asked.every((position, i) => answers[i]?.trim().toLowerCase() === words[position]);
    this.#state = right ? { step: 'password', problem: null, fraction: null } : { ...this.#state, wrong: true };
  }

  /** From the question back to the words, from anywhere else to the beginning. */
  back(): void {
    if (this.#state.step === 'check') {
      this.#state = { step: 'words', words: this.#state.words };
      return;
    }
    this.#entropy = null;
    this.#state = { step: 'none' };
  }

  restore(): void {
    this.#state = { step: 'restore', refusal: null, unknown: [] };
  }

  /** @param text - the words as they were typed or pasted. */
  enter(text: string): void {
    try {
      this.#entropy = readWords(text);
      this.#state = { step: 'password', problem: null, fraction: null };
    } catch (thrown) {
      this.#state = { step: 'restore', refusal: asSendError(thrown, 'words_wrong', "couldn't read the words").code, unknown: unknownWords(text) };
    }
  }

  async choosePassword(password: string, again: string): Promise<void> {
    const entropy = this.#entropy;
    if (this.#state.step !== 'password' || this.#state.fraction !== null || entropy === null) return;
    const problem = password.length < SHORTEST_PASSWORD ? 'short' : password === again ? null : 'different';
    this.#state = { step: 'password', problem, fraction: problem === null ? 0 : null };
    if (problem !== null) return;
    const stretch: Stretch = (text, salt) => this.#parts.stretch(text, salt, (fraction) => (this.#state = { step: 'password', problem: null, fraction }));
    await this.#parts.keep(await lockIdentity(entropy, password, stretch, this.#parts), entropy);
    this.#entropy = null;
    await this.#opened();
  }

  async unlock(password: string): Promise<void> {
    if (this.#state.step !== 'locked' || this.#state.fraction !== null) return;
    this.#state = { step: 'locked', refusal: null, fraction: 0 };
    const stretch: Stretch = (text, salt) => this.#parts.stretch(text, salt, (fraction) => (this.#state = { step: 'locked', refusal: null, fraction }));
    try {
      const locked = await this.#parts.readLocked();
      if (locked === null) return await this.load(); // removed in another tab
      await this.#parts.open(await unlockIdentity(locked, password, stretch));
    } catch (thrown) {
      this.#state = { step: 'locked', refusal: asSendError(thrown, 'internal', "couldn't unlock").code, fraction: null };
      return;
    }
    await this.#opened();
  }

  async synchronise(): Promise<void> {
    if (this.#state.step !== 'open') return;
    this.#tell({ sync: 'busy' });
    try {
      await this.#parts.synchronise();
      this.#tell({ sync: 'done' });
    } catch (thrown) {
      this.#tell({ sync: asSendError(thrown, 'internal', "couldn't synchronise").code });
    }
  }

  async lock(): Promise<void> {
    await this.#parts.lock();
    await this.load();
  }

  /** Before something is ended; null takes it back. */
  ask(asking: 'forget' | 'erase' | null): void {
    this.#tell({ asking });
  }

  async forget(): Promise<void> {
    this.#tell({ busy: true });
    const entropy = await this.#parts.readOpen();
    if (entropy !== null) await this.#parts.forget(entropy);
    await this.load();
  }

  async erase(): Promise<void> {
    this.#tell({ busy: true });
    try {
      const entropy = await this.#parts.readOpen();
      if (entropy === null) return await this.load();
      await this.#parts.erase(entropy);
      await this.#parts.forget(entropy);
    } catch (thrown) {
      this.#tell({ busy: false, asking: null, sync: asSendError(thrown, 'internal', "couldn't delete the vault").code });
      return;
    }
    await this.load();
  }

  async #opened(): Promise<void> {
    this.#state = { step: 'open', sync: 'busy', asking: null, busy: false };
    await this.synchronise();
  }

  #tell(change: Partial<Extract<IdentityState, { step: 'open' }>>): void {
    if (this.#state.step === 'open') this.#state = { ...this.#state, ...change };
  }

  #drawPositions(): number[] {
    const drawn = new Set<number>();
    while (drawn.size < ASKED_WORDS) {
      const [byte] = this.#parts.randomBytes(1);
      if (byte! < 256 - (256 % WORD_COUNT)) drawn.add(byte! % WORD_COUNT);
    }
    return [...drawn].toSorted((a, b) => a - b);
  }
}

const unknownWords = (text: string): string[] => [...new Set(text.toLowerCase().match(/[a-z]+/g) ?? [])].filter((word) => !isWord(word)).slice(0, 5);

export const countWords = (text: string): number => (text.match(/[a-z]+/gi) ?? []).length;
