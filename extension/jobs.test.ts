import { describe, expect, it, vi } from 'vitest';

vi.mock('wxt/browser', () => ({ browser: {} }));
const { jobOfClick } = await import('./jobs.ts');

const tab = { id: 7, url: 'https://a.example/', title: 'A' };
const source = { tabId: 7, frameId: 0, pageUrl: 'https://a.example/' };

describe('what a right-click means', () => {
  it('takes the picture of a picture inside a link', () => {
    const click = { mediaType: 'image', srcUrl: 'https://a.example/p.png', linkUrl: 'https://b.example/' };
    expect(jobOfClick(click, tab)).toEqual({ ...source, kind: 'image', url: 'https://a.example/p.png' });
  });

  it('takes a link, a selection, or else the page', () => {
    expect(jobOfClick({ linkUrl: 'https://b.example/f.pdf', frameId: 3 }, tab)).toEqual({ ...source, frameId: 3, kind: 'link', url: 'https://b.example/f.pdf' });
    expect(jobOfClick({ selectionText: 'hi' }, tab)).toEqual({ ...source, kind: 'selection', text: 'hi' });
    expect(jobOfClick({ pageUrl: 'https://a.example/x' }, tab)).toEqual({ ...source, pageUrl: 'https://a.example/x', kind: 'page', title: 'A' });
  });
});
