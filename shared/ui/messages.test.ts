import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../protocol/errors.ts';
import { say, sentenceOf, titleOf } from './messages.ts';

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

  it('counts one and many', () => {
    expect(say('receive.title', 1)).toBe('1 file for you');
    expect(say('receive.title', 10_000)).toBe('10,000 files for you');
  });
});
