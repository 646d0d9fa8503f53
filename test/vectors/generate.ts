/**
 * Writes the vectors: one JSON file a case, the same bytes at every run. `npm run vectors`.
 * Its source reads docs/protocol.md a second time and imports nothing from shared/.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { identityVectors, vaultVectors } from './source/accounts.ts';
import { auditVectors, inventoryVectors, proofVectors, viewTokenVectors } from './source/audits.ts';
import { frameVectors, storeVectors } from './source/messages.ts';
import { keyVectors, layoutVectors, linkKeyVectors, manifestVectors, recordVectors } from './source/sealing.ts';
import { erasureVectors, merkleVectors } from './source/shards.ts';
import { linkVectors, orderVectors, signedVectors } from './source/statements.ts';

export const VECTORS_FOLDER = import.meta.dirname;
const SOURCE_FOLDER = 'source';

/** @returns `group/case.json` to the file's text. */
export function renderVectors(): Map<string, string> {
  const files = new Map<string, string>();
  const makers = [keyVectors, linkKeyVectors, layoutVectors, recordVectors, manifestVectors, erasureVectors, merkleVectors, linkVectors, orderVectors, signedVectors, storeVectors, frameVectors, auditVectors, proofVectors, inventoryVectors, viewTokenVectors, identityVectors, vaultVectors];
  for (const { name, ...vector } of makers.flatMap((make) => make())) {
    const file = `${name}.json`;
    if (files.has(file)) throw new Error(`two vectors are named ${name}`);
    files.set(file, `${JSON.stringify(vector, null, 2)}\n`);
  }
  return files;
}

/** @returns the folders that hold vectors. */
export async function vectorGroups(): Promise<string[]> {
  const entries = await readdir(VECTORS_FOLDER, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory() && entry.name !== SOURCE_FOLDER).map((entry) => entry.name);
}

if (import.meta.main) {
  for (const group of await vectorGroups()) await rm(path.join(VECTORS_FOLDER, group), { recursive: true });
  const files = renderVectors();
  for (const [name, content] of files) {
    const file = path.join(VECTORS_FOLDER, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  process.stderr.write(`${files.size} vectors written\n`);
}
