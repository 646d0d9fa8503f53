import { expect, test } from 'vitest';
import { chooseLink } from './choose-link.ts';

const link = (linkId: string, label = '') => ({ linkId, link: `https://send.example/d/x#${linkId}`, label, password: false });
const links = [link('AAAA', 'for Ada'), link('AABB', 'AA'), link('CCCC', 'twice'), link('DDDD', 'twice'), link('EEEE')];
const chosen = (word: string): string => chooseLink({ links }, word).linkId;

test('a link is meant by its id, the beginning of it, its label or itself; what fits whole goes first', () => {
  expect([chosen('AAAA'), chosen('C'), chosen('for Ada'), chosen(links[4]!.link), chosen('AA')]).toEqual(['AAAA', 'CCCC', 'AAAA', 'EEEE', 'AABB']);
});

test('what fits none, or several, is refused', () => {
  for (const word of ['', 'nobody', 'A', 'twice']) expect(() => chosen(word), word).toThrow('link of the transfer');
});
