/**
 * The password of a link: from a file, the environment or the terminal, and never from the command line, which every
 * program on the machine may read.
 */
import { readFile } from 'node:fs/promises';
import { emitKeypressEvents } from 'node:readline';
import { text as textOf } from 'node:stream/consumers';
import { SendError } from '../shared/protocol/index.ts';
import { UsageError } from './values.ts';

/** More is no password: a wrong file was named. */
const MAX_PASSWORD_CHARACTERS = 1024;

export const PASSWORD_OPTION = { 'password-file': { type: 'string' } } as const;

/** The part of a terminal that is used. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { setRawMode?(on: boolean): unknown };
  readonly output: NodeJS.WritableStream;
}

/**
 * @param file - `-` for the standard input; undefined where the option was not given.
 * @returns undefined where none is set.
 */
export async function readPassword(file: string | undefined, variable = process.env['SHARDSEND_PASSWORD']): Promise<string | undefined> {
  if (file === undefined) return variable === undefined || variable === '' ? undefined : checked(variable, 'SHARDSEND_PASSWORD');
  const text = file === '-' ? await textOf(process.stdin) : await readText(file);
  // The line's end is the editor's, not the password's.
  return checked(text.replace(/\r?\n$/, ''), '--password-file');
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`--password-file: cannot read ${JSON.stringify(file)}`, { cause });
  }
}

function checked(password: string, from: string): string {
  if (password === '') throw new UsageError(`${from} holds no password`);
  if (password.length > MAX_PASSWORD_CHARACTERS || /[\r\n\0]/.test(password)) throw new UsageError(`${from} takes one line of at most ${MAX_PASSWORD_CHARACTERS} characters`);
  return password;
}

/** Asks on the terminal, which shows nothing of the answer. @throws SendError `cancelled` on Ctrl-C and Ctrl-D. */
export async function askPassword(question: string, { input, output }: Terminal): Promise<string> {
  output.write(question);
  emitKeypressEvents(input);
  input.setRawMode?.(true);
  input.resume();
  let typed: string[] = [];
  try {
    return await new Promise((resolve, reject) => {
      input.on('keypress', (character: string | undefined, { name, ctrl }: { name?: string; ctrl?: boolean }) => {
        if (ctrl === true && (name === 'c' || name === 'd')) reject(new SendError('cancelled'));
        else if (ctrl === true && name === 'u') typed = [];
        else if (name === 'return' || name === 'enter') resolve(typed.join(''));
        else if (name === 'backspace') typed.pop();
        else if (character !== undefined && !/\p{Cc}/u.test(character)) typed.push(character);
      });
      input.once('end', () => reject(new SendError('cancelled')));
    });
  } finally {
    input.removeAllListeners('keypress');
    input.setRawMode?.(false);
    input.pause();
    output.write('\n');
  }
}

/** Where somebody can be asked. */
export const terminal = (): Terminal | null => (process.stdin.isTTY && process.stderr.isTTY ? { input: process.stdin, output: process.stderr } : null);
