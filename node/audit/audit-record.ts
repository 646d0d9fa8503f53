/** The last audit that was answered, in a file beside the shards: for the operator, who may ask while the daemon runs. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isMissing, writeFileDurably } from '../store/durable-files.ts';

export interface AnsweredAudit {
  readonly epoch: number;
  readonly atMs: number;
  /** Leaves proven, and leaves that the node said it does not hold. */
  readonly proved: number;
  readonly absent: number;
}

const fileIn = (directory: string): string => path.join(directory, 'last-audit.json');

/** Writes the newest one, one at a time: where audits come faster than the disk, those between are left out. */
export class AuditRecord {
  readonly #directory: string;
  readonly #failed: (thrown: unknown) => void;
  #next: AnsweredAudit | null = null;
  #writing: Promise<void> | null = null;

  /** @param failed - told of a disk that takes no file; an audit does not fail for that. */
  constructor(directory: string, failed: (thrown: unknown) => void) {
    this.#directory = directory;
    this.#failed = failed;
  }

  note(audit: AnsweredAudit): void {
    this.#next = audit;
    this.#writing ??= this.#write();
  }

  /** Resolves when the newest is written. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    for (let audit = this.#next; audit !== null; audit = this.#next) {
      this.#next = null;
      await writeFileDurably(fileIn(this.#directory), `${JSON.stringify(audit)}\n`, 0o600).catch(this.#failed);
    }
    this.#writing = null;
  }
}

/** @returns null when none was answered yet. */
export async function readLastAudit(directory: string): Promise<AnsweredAudit | null> {
  try {
    return JSON.parse(await readFile(fileIn(directory), 'utf8')) as AnsweredAudit;
  } catch (thrown) {
    if (isMissing(thrown)) return null;
    throw thrown;
  }
}
