import { describe, expect, it } from 'vitest';
import { explain, isSignIn, mayBeRights, type Refusal } from './refusals.ts';

const REFUSALS: readonly Refusal[] = [
  ...[401, 403, 404, 418, 429, 503].map((status) => ({ reason: 'status', status }) as const),
  ...(['network', 'offline', 'broken', 'signIn', 'elsewhere', 'page', 'gone', 'streamed', 'room', 'tooLarge'] as const).map((reason) => ({ reason })),
  { reason: 'scheme', scheme: 'mailto:' },
];

describe('what a site or a browser refuses', () => {
  it('has a sentence of its own for each reason', () => {
    const sentences = REFUSALS.map(explain);
    expect(new Set(sentences).size).toBe(REFUSALS.length);
    for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z].*\.$/);
  });

  it('names the answer, and the kind of address', () => {
    expect(explain({ reason: 'status', status: 410 })).toContain('410');
    expect(explain({ reason: 'scheme', scheme: 'mailto:' })).toContain('mailto:');
  });

  it('may be lifted by the person’s own rights where the site wants to know who asks', () => {
    expect(REFUSALS.filter(mayBeRights)).toEqual([{ reason: 'status', status: 401 }, { reason: 'status', status: 403 }, { reason: 'network' }, { reason: 'signIn' }]);
  });
});

describe('a page in place of a file', () => {
  const HTML = 'text/html; charset=utf-8';
  it.each([
    ['image', 'https://a.example/p', 'https://a.example/p', HTML, true],
    ['video', 'https://a.example/v', 'https://a.example/v', 'application/xhtml+xml', true],
    ['image', 'https://a.example/p', 'https://a.example/login', 'image/png', false],
    ['link', 'https://a.example/report.pdf', 'https://a.example/report.pdf', HTML, true],
    ['link', 'https://a.example/get/1', 'https://a.example/users/sign_in', HTML, true],
    ['link', 'https://a.example/get/1', 'https://id.example/oauth2/authorize', HTML, true],
    ['link', 'https://a.example/get/1', 'https://a.example/story', HTML, false],
    ['link', 'https://a.example/story.html', 'https://a.example/story.html', HTML, false],
    ['link', 'https://a.example/login', 'https://a.example/login', HTML, false],
    ['link', 'https://a.example/author', 'https://a.example/authors', HTML, false],
    ['link', 'https://a.example/report.pdf', 'https://a.example/report.pdf', 'application/pdf', false],
  ] as const)('%s %s, answered from %s as %s: %s', (kind, asked, url, mime, expected) => expect(isSignIn({ kind, url: asked }, url, mime)).toBe(expected));
});
