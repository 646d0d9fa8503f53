import { expect, test } from 'vitest';
import { sourceName } from './source.ts';

const seed = new Uint8Array(32).fill(7);
const name = (address: string | undefined) => sourceName(address, seed);

test('one network has one name, and another one another', () => {
  expect(name('203.0.113.9')).toBe(name('203.0.113.250'));
  expect(name('203.0.113.9')).not.toBe(name('203.0.114.9'));
  expect(name('2001:db8:1:2::1')).toBe(name('2001:db8:1:2:ffff::9'));
  expect(name('2001:db8:1:2::1')).not.toBe(name('2001:db8:1:3::1'));
  expect(name(undefined)).not.toBe(name('203.0.113.9'));
});

test('a name is worth nothing without the coordinator’s seed', () => {
  expect(name('203.0.113.9')).not.toBe(sourceName('203.0.113.9', new Uint8Array(32).fill(8)));
  expect(name('203.0.113.9')).toMatch(/^[\w-]{22}$/);
});
