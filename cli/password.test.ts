import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askPassword, readPassword } from './password.ts';
import { UsageError } from './values.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'shardsend-password-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(text: string): Promise<string> {
  const file = path.join(folder, 'password');
  await writeFile(file, text);
  return file;
}

describe('a password', () => {
  it.each([
    ['secret', 'secret'],
    ['secret\n', 'secret'],
    ['secret\r\n', 'secret'],
    [' with spaces around \n', ' with spaces around '],
    ['пароль 密码 🔑\n', 'пароль 密码 🔑'],
  ])('in a file is its one line: %j', async (text, password) => {
    expect(await readPassword(await fileOf(text), undefined)).toBe(password);
  });
  it.each(['', '\n', 'two\nlines\n', 'x'.repeat(1025), 'a\0b'])('in a file that holds %j is wrong usage', async (text) => {
    await expect(readPassword(await fileOf(text), undefined)).rejects.toThrow(UsageError);
  });
  it('in a file that cannot be read is wrong usage', async () => {
    await expect(readPassword(path.join(folder, 'none'), undefined)).rejects.toThrow(UsageError);
  });
  it('comes from the environment where no file is named, and is none where that is empty', async () => {
    expect(await readPassword(undefined, 'from outside')).toBe('from outside');
    expect(await readPassword(await fileOf('from a file'), 'from outside')).toBe('from a file');
    expect(await readPassword(undefined, '')).toBeUndefined();
  });
});

describe('asking on a terminal', () => {
  function ask(): { readonly input: PassThrough; readonly shown: () => string; readonly raw: boolean[]; readonly answer: Promise<string> } {
    const raw: boolean[] = [];
    const input = Object.assign(new PassThrough(), { setRawMode: (on: boolean) => raw.push(on) });
    const output = new PassThrough();
    const answer = askPassword('Password: ', { input, output });
    return { input, raw, answer, shown: () => String(output.read()) };
  }

  it('shows nothing of the answer, takes back what is taken back, and leaves the terminal as it was', async () => {
    const { input, raw, answer, shown } = ask();
    for (const key of ['x', '\u0015', 'g', 'e', 'h', '\u007f', 'ü', '🔑', ' ', '\u001b[D', '\r']) input.write(key);
    expect(await answer).toBe('geü🔑 ');
    expect(shown()).toBe('Password: \n');
    expect(raw).toEqual([true, false]);
  });
  it.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('ends with %s', async (_, key) => {
    const { input, answer, raw } = ask();
    input.write(`abc${key}`);
    await expect(answer).rejects.toMatchObject({ code: 'cancelled' });
    expect(raw).toEqual([true, false]);
  });
  it('ends where the input does', async () => {
    const { input, answer } = ask();
    input.end('abc');
    await expect(answer).rejects.toMatchObject({ code: 'cancelled' });
  });
});
