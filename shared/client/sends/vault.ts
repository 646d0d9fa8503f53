/**
 * Named entries that a program keeps on its own machine, each sealed for that machine alone. What holds the boxes (a
 * browser's database, a folder, memory) sees names and lengths, and nothing of what is in them.
 */
import { OpenError, openEntry, sealEntry, type EntryKey } from '../../crypto/index.ts';
import { equalBytes } from '../../protocol/bytes.ts';
import { SendError, asSendError } from '../../protocol/errors.ts';

/** Letters, digits, `-` and `_`, in parts joined with `/`: every name is a file's name as well. */
const NAME = /^[\w-]{1,64}(?:\/[\w-]{1,64}){0,3}$/;

/** Where the boxes lie. Every call is done, durably, once it resolved; whatever it throws becomes `record_unsaved`. */
export interface BoxStore {
  key(): Promise<EntryKey>;
  /** Names that begin with `prefix`. */
  names(prefix: string): Promise<string[]>;
  read(name: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /**
   * Writes unless the entry is not `before` any more, which somebody else then replaced: another tab, another process.
   *
   * @param before - the box that was read, null for none; left out, whatever is there is replaced.
   * @returns whether it was written.
   */
  write(name: string, box: Uint8Array<ArrayBuffer>, before?: Uint8Array<ArrayBuffer> | null): Promise<boolean>;
  remove(name: string): Promise<void>;
}

export class Vault {
  readonly #boxes: BoxStore;
  constructor(boxes: BoxStore) {
    this.#boxes = boxes;
  }

  /** @param prefix - whole parts with a `/` behind them. @returns names, ascending. @throws SendError `record_unsaved`. */
  async names(prefix: string): Promise<string[]> {
    return (await kept(this.#boxes.names(prefix))).toSorted();
  }

  /** @returns null where there is none. @throws SendError `record_unreadable` or `record_unsaved`. */
  async read(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const box = await kept(this.#boxes.read(checked(name)));
    return box && (await this.#open(name, box));
  }

  /** Replaces what is there. @throws SendError `record_unsaved`. */
  async write(name: string, text: Uint8Array<ArrayBuffer>): Promise<void> {
    await kept(this.#seal(checked(name), text).then((box) => this.#boxes.write(name, box)));
  }

  /**
   * Changes an entry, and does it again on what stands there then when somebody else changed it meanwhile.
   *
   * @param change - may run several times; null leaves the entry as it is.
   * @throws SendError `record_unreadable` or `record_unsaved`, and whatever `change` throws.
   */
  async change(name: string, change: (text: Uint8Array<ArrayBuffer> | null) => Uint8Array<ArrayBuffer> | null): Promise<void> {
    for (;;) {
      const before = await kept(this.#boxes.read(checked(name)));
      const text = change(before && (await this.#open(name, before)));
      if (text === null) return;
      const box = await kept(this.#seal(name, text));
      if (await kept(this.#boxes.write(name, box, before))) return;
    }
  }

  /** @throws SendError `record_unsaved`. */
  async remove(name: string): Promise<void> {
    await kept(this.#boxes.remove(checked(name)));
  }

  async #seal(name: string, text: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    return sealEntry(await this.#boxes.key(), name, text);
  }

  async #open(name: string, box: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const key = await kept(this.#boxes.key());
    try {
      return await openEntry(key, name, box);
    } catch (thrown) {
      if (thrown instanceof OpenError) throw new SendError('record_unreadable', 'the entry does not open', { cause: thrown });
      throw thrown;
    }
  }
}

/** Boxes in memory: for tests, and where a program may keep nothing. */
export class MemoryBoxes implements BoxStore {
  readonly #key: EntryKey;
  readonly boxes = new Map<string, Uint8Array<ArrayBuffer>>();
  constructor(key: EntryKey) {
    this.#key = key;
  }
  async key(): Promise<EntryKey> {
    return this.#key;
  }
  async names(prefix: string): Promise<string[]> {
    return [...this.boxes.keys()].filter((name) => name.startsWith(prefix));
  }
  async read(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.boxes.get(name) ?? null;
  }
  async write(name: string, box: Uint8Array<ArrayBuffer>, before?: Uint8Array<ArrayBuffer> | null): Promise<boolean> {
    if (before !== undefined && !isSameBox(this.boxes.get(name) ?? null, before)) return false;
    this.boxes.set(name, box);
    return true;
  }
  async remove(name: string): Promise<void> {
    this.boxes.delete(name);
  }
}

/** No two boxes are alike: each has a nonce of its own. */
export const isSameBox = (a: Uint8Array | null, b: Uint8Array | null): boolean => (a === null || b === null ? a === b : equalBytes(a, b));

function checked(name: string): string {
  if (!NAME.test(name)) throw new RangeError('an entry’s name is made of letters, digits, - and _');
  return name;
}

async function kept<T>(keeping: Promise<T>): Promise<T> {
  try {
    return await keeping;
  } catch (thrown) {
    throw asSendError(thrown, 'record_unsaved', "couldn't reach what is kept on this device");
  }
}
