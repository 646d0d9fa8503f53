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

export const writeLastAudit = (directory: string, audit: AnsweredAudit): Promise<void> => writeFileDurably(fileIn(directory), `${JSON.stringify(audit)}\n`, 0o600);

/** @returns null when none was answered yet. */
export async function readLastAudit(directory: string): Promise<AnsweredAudit | null> {
  try {
    return JSON.parse(await readFile(fileIn(directory), 'utf8')) as AnsweredAudit;
  } catch (thrown) {
    if (isMissing(thrown)) return null;
    throw thrown;
  }
}
