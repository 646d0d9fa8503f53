/** The command keeps what it sends in the person's state folder: in tests that is one of their own, which goes with them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';

const folder = await mkdtemp(path.join(tmpdir(), 'shardsend-state-'));
process.env['XDG_STATE_HOME'] = folder;
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
