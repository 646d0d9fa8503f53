import { describe, expect, it, vi } from 'vitest';

vi.mock('wxt/browser', () => ({ browser: {} }));
const { isLinkOf, knownCoordinators } = await import('./coordinators.ts');

const KNOWN = ['https://send.example', 'http://localhost:8787', 'http://[::1]:8787'];

describe('links that the extension opens itself', () => {
  it.each([
    'https://send.example/d/AAAAAAAAAAAAAAAAAAAAAA#key',
    'http://send.example/d/AAAAAAAAAAAAAAAAAAAAAA#key',
    'https://send.example/d/',
    'https://send.example/d',
    'https://send.example/D/AAAAAAAAAAAAAAAAAAAAAA',
    'https://send.example//d/AAAAAAAAAAAAAAAAAAAAAA#key',
    'https://send.example/d/AAAAAAAAAAAAAAAAAAAAAA%23key',
    'https://send.example/d%2FAAAAAAAAAAAAAAAAAAAAAA#key',
    'https://send.example/%64/AAAAAAAAAAAAAAAAAAAAAA#key',
    'https://send.example/%2Fd%252FAAAAAAAAAAAAAAAAAAAAAA#key',
    'https://send.example/d?utm_source=mail#key',
    'http://localhost:8787/d/AAAAAAAAAAAAAAAAAAAAAA#key',
    'http://[::1]:8787/d/AAAAAAAAAAAAAAAAAAAAAA#key',
  ])('%s', (href) => expect(isLinkOf(href, KNOWN)).toBe(true));

  it.each([
    'https://send.example/',
    'https://send.example/sends',
    'https://send.example/docs/x',
    'https://send.example/assets/d/x',
    'https://sendXexample/d/AAAAAAAAAAAAAAAAAAAAAA#key',
    'https://send.example:8443/d/AAAAAAAAAAAAAAAAAAAAAA#key',
    'https://other.example/?https://send.example/d/AAAAAAAAAAAAAAAAAAAAAA',
    'https://send.example.evil/d/AAAAAAAAAAAAAAAAAAAAAA#key',
    'http://localhost:8788/d/AAAAAAAAAAAAAAAAAAAAAA#key',
  ])('and not %s', (href) => expect(isLinkOf(href, KNOWN)).toBe(false));
});

describe('the coordinators that are known', () => {
  it('are the built-in one and that of the options, once each', () => {
    const [builtIn] = knownCoordinators({ coordinator: 'https://send.example' });
    expect(knownCoordinators({ coordinator: 'https://send.example' })).toEqual([builtIn, 'https://send.example']);
    expect(knownCoordinators({ coordinator: builtIn })).toEqual([builtIn]);
  });
});
