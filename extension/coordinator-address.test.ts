import { describe, expect, it } from 'vitest';
import { checkCoordinator } from './coordinator-address.ts';

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
