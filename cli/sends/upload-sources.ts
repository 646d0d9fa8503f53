/** Where the files of an unfinished upload lie on this machine, so that it can be resumed without naming them again. They go with its journal. */
import path from 'node:path';
import * as v from 'valibot';
import type { Vault } from '../../shared/client/sends/index.ts';
import { MAX_FILES, SendError } from '../../shared/protocol/index.ts';

const sourcesSchema = v.pipe(v.array(v.pipe(v.string(), v.minLength(1))), v.minLength(1), v.maxLength(MAX_FILES));

const nameOf = (transferId: string): string => `uploads/${transferId}/sources`;

/** @param args - as on the command line. @param transferId - b64. */
export const keepSources = (vault: Vault, transferId: string, args: readonly string[]): Promise<void> =>
  vault.write(nameOf(transferId), new TextEncoder().encode(JSON.stringify(args.map((arg) => path.resolve(arg)))));

/** @returns absolute paths; null where none are kept. @throws SendError `record_unreadable`. */
export async function readKeptSources(vault: Vault, transferId: string): Promise<string[] | null> {
  const text = await vault.read(nameOf(transferId));
  if (text === null) return null;
  try {
    return v.parse(sourcesSchema, JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text)));
  } catch (cause) {
    throw new SendError('record_unreadable', 'the list of what was being sent is malformed', { cause });
  }
}
