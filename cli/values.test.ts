import { describe, expect, test } from 'vitest';
import { parseCoordinator, parseDownloads, parseExpires, parseWhole, UsageError } from './values.ts';

describe('a lifetime', () => {
  test.each([
    ['300s', 300],
    ['5m', 300],
    ['12h', 43_200],
    ['7d', 604_800],
    ['2w', 1_209_600],
    ['30d', 2_592_000],
  ])('%s is %i seconds', (text, seconds) => expect(parseExpires(text)).toBe(seconds));

  test.each(['', '7', 'd', '7 d', '-7d', '1.5d', '7D', '299s', '4m', '31d', '5w', '99999999999d', '0d', '٧d'])('refuses %j', (text) => {
    expect(() => parseExpires(text)).toThrow(UsageError);
  });
});

describe('a download limit', () => {
  test.each([
    ['1', 1],
    ['1000', 1000],
    ['unlimited', null],
  ])('%s is %j', (text, limit) => expect(parseDownloads(text)).toBe(limit));

  test.each(['', '0', '1001', '-1', '1.5', '1e2', 'Unlimited', 'infinity'])('refuses %j', (text) => {
    expect(() => parseDownloads(text)).toThrow(UsageError);
  });
});

describe('a coordinator', () => {
  test.each([
    ['https://send.example', 'https://send.example'],
    ['https://send.example/', 'https://send.example'],
    ['http://localhost:8787', 'http://localhost:8787'],
    ['http://[::1]:8787/', 'http://[::1]:8787'],
    ['http://192.168.1.7:8787', 'http://192.168.1.7:8787'],
    ['HTTPS://Send.Example:443', 'https://send.example'],
  ])('%s is %s', (text, origin) => expect(parseCoordinator(text)).toBe(origin));

  test.each([
    '',
    'send.example',
    'ftp://send.example',
    'http://send.example:8787',
    'https://send.example/x',
    'https://send.example/?a',
    'https://send.example/#a',
    'https://user@send.example',
  ])('refuses %j', (text) => {
    expect(() => parseCoordinator(text)).toThrow(UsageError);
  });
});

test('a whole number has limits, and its refusal names the option', () => {
  expect(parseWhole('--nodes', '24', 3, 200)).toBe(24);
  for (const text of ['2', '201', '', 'x', '0x10', '3.0']) expect(() => parseWhole('--nodes', text, 3, 200)).toThrow(/^--nodes takes 3 to 200/);
});
