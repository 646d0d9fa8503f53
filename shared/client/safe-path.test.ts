import { describe, expect, it } from 'vitest';
import { safeLines } from './safe-path.ts';

describe('a text for a terminal', () => {
  it('keeps its lines and columns, and nothing that talks to the terminal or reorders its neighbours', () => {
    expect(safeLines('a\tb\r\nc\u001b[2J\n\u202ed\u0007')).toBe('a\tb\nc_[2J\n_d_');
  });
});
