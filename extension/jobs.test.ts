import { describe, expect, it, vi } from 'vitest';

vi.mock('wxt/browser', () => ({ browser: {} }));
const { jobOfClick, jobOfKey, jobOfWords } = await import('./jobs.ts');

const tab = { id: 7, url: 'https://a.example/', title: 'A' };
const source = { tabId: 7, frameId: 0, pageUrl: 'https://a.example/' };

describe('what a right-click means', () => {
  it('takes the picture of a picture inside a link', () => {
    const click = { mediaType: 'image', srcUrl: 'https://a.example/p.png', linkUrl: 'https://b.example/' };
    expect(jobOfClick(click, tab)).toEqual({ source, kind: 'image', url: 'https://a.example/p.png' });
  });

  it('takes a link, a selection, or else the page', () => {
    expect(jobOfClick({ linkUrl: 'https://b.example/f.pdf', frameId: 3 }, tab)).toEqual({ source: { ...source, frameId: 3 }, kind: 'link', url: 'https://b.example/f.pdf' });
    expect(jobOfClick({ selectionText: 'hi' }, tab)).toEqual({ source, kind: 'selection', text: 'hi' });
    expect(jobOfClick({ pageUrl: 'https://a.example/x' }, tab)).toEqual({
      source: { ...source, pageUrl: 'https://a.example/x' },
      kind: 'page',
      title: 'A',
      preferSelection: false,
    });
  });
});

it('the key means what is selected, or else the page', () => {
  expect(jobOfKey(tab)).toEqual({ source, kind: 'page', title: 'A', preferSelection: true });
});

describe('what is typed after the word in the address bar', () => {
  it.each([
    ['https://a.example/f.pdf', 'https://a.example/f.pdf'],
    ['  HTTP://a.example  ', 'http://a.example/'],
    ['a.example/f.pdf?x=1', 'https://a.example/f.pdf?x=1'],
    ['bücher.example:8080/a', 'https://xn--bcher-kva.example:8080/a'],
  ])('fetches %j', (words, url) => expect(jobOfWords(words)).toEqual({ kind: 'link', url, source: null }));

  it.each(['the door opens with 4711', 'yes.no', 'https://', 'see https://a.example/', 'javascript:alert(1)', 'file:///etc/passwd', 'a/b', 'user@a.example/x'])(
    'sends %j as a text',
    (words) => expect(jobOfWords(words)).toEqual({ kind: 'text', text: words }),
  );
});
