/** What a vector's file holds. Byte strings are lower-case hex where their key ends in `Hex`, b64 where it ends in `B64`. */
export interface Vector {
  /** `group/case`: the file's path below test/vectors/, without `.json`. */
  readonly name: string;
  /** What the case shows, for people. */
  readonly comment: string;
  /** `ok`, or the code of docs/protocol.md §11 that a program must come to. */
  readonly expect: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Present when `expect` is `ok`. */
  readonly output?: Readonly<Record<string, unknown>>;
}

export const ok = (name: string, comment: string, input: Vector['input'], output: Vector['input']): Vector => ({ name, comment, expect: 'ok', input, output });
export const refused = (code: string, name: string, comment: string, input: Vector['input']): Vector => ({ name, comment, expect: code, input });
