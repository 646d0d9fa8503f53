import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../protocol/errors.ts';
import { say, sentenceOf, titleOf } from './messages.ts';

const folder = path.join(import.meta.dirname, 'messages');

describe('texts', () => {
  it('has a heading and a sentence for every error code', () => {
    for (const code of ERROR_CODES) {
      expect(titleOf(code)).not.toBe('');
      expect(sentenceOf(code)).toMatch(/[.]$/);
    }
  });

  it('tells the states of a link apart', () => {
    const states = [
      'link_damaged',
      'link_version',
      'wrong_link',
      'wrong_coordinator',
      'transfer_unknown',
      'transfer_uploading',
      'transfer_expired',
      'transfer_used_up',
      'transfer_revoked',
      'downloads_in_progress',
      'offline',
    ] as const;
    expect(new Set(states.map(titleOf)).size).toBe(states.length);
    expect(states.map(titleOf)).not.toContain(say('state.other.title'));
  });

  it('stand under keys of their own, whichever sets a page speaks from', async () => {
    const modules = await Promise.all(
      readdirSync(folder)
        .filter((name) => name.endsWith('.ts'))
        .map((name) => import(path.join(folder, name)) as Promise<Record<string, object>>),
    );
    const keys = modules.flatMap((module) => Object.entries(module).flatMap(([name, texts]) => (name.endsWith('Texts') ? Object.keys(texts) : [])));
    expect(keys.length).toBeGreaterThan(300);
    expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
  });

  it('counts one and many', () => {
    expect(say('receive.title', 1)).toBe('1 file for you');
    expect(say('receive.title', 10_000)).toBe('10,000 files for you');
  });
});
