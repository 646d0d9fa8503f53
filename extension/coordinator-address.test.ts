import { describe, expect, it } from 'vitest';
import { builtInCoordinator, checkCoordinator, pagesOf } from './coordinator-address.ts';

describe('the coordinator address', () => {
  it.each([
    ['https://send.example.org', 'https://send.example.org'],
    [' https://send.example.org/ ', 'https://send.example.org'],
    ['http://localhost:8787', 'http://localhost:8787'],
    ['http://127.0.0.1:8787/', 'http://127.0.0.1:8787'],
  ])('takes %s', (text, origin) => expect(checkCoordinator(text)).toBe(origin));

  it.each(['', 'send.example.org', 'http://send.example.org', 'ftp://x', 'https://a/b', 'https://a/?q', 'https://u:p@a/', 'javascript:1'])('refuses %j', (text) =>
    expect(checkCoordinator(text)).toBeNull(),
  );
});

describe('the coordinator of a build', () => {
  it('is the one that it names, and otherwise that of this machine', () => {
    expect(['https://send.example', 'nonsense', undefined].map(builtInCoordinator)).toEqual(['https://send.example', 'http://localhost:8787', 'http://localhost:8787']);
  });
});

describe('the pages of a coordinator', () => {
  it('are those of its name, with https and without, and on this machine without alone', () => {
    expect(['https://send.example', 'http://localhost:8787', 'http://[::1]:8787'].flatMap(pagesOf)).toEqual([
      'https://send.example/*',
      'http://send.example/*',
      'http://localhost/*',
      'http://[::1]/*',
    ]);
  });
});
