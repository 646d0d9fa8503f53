import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import * as committed from './kernel.generated.ts';

const BUILD = fileURLToPath(new URL('./kernel/build.mjs', import.meta.url));

test('the committed kernels are what their source compiles to', { timeout: 60_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'shardsend-kernel-'));
  try {
    const output = join(directory, 'kernel.generated.ts');
    await promisify(execFile)(process.execPath, [BUILD, output]);
    const built = await readFile(output, 'utf8');
    // Constants and not the whole text, so that a formatter is free to lay them out.
    for (const base64 of Object.values(committed)) expect(built).toContain(`'${base64}'`);
  } finally {
    await rm(directory, { recursive: true });
  }
});
