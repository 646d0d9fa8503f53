/** The `shardsend` command as a black box, with --json. */
import { runCommand } from '../support/network.ts';

export interface SendAnswer {
  readonly link: string;
  readonly transferId: string;
  readonly ownerToken: string;
  readonly bytes: number;
  readonly sentBytes: number;
  readonly seconds: number;
}
export interface GetAnswer {
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
  readonly seconds: number;
}

/** Runs a command that must succeed. */
export async function runJson<T>(...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await runCommand([...args, '--json']);
  if (code !== 0) throw new Error(`shardsend ${args[0]} ended with ${code}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as T;
}

/** Runs a command that must fail. @returns the code of its error. */
export async function failJson(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand([...args, '--json']);
  if (code !== 1) throw new Error(`shardsend ${args[0]} ended with ${code}: ${stdout}${stderr}`);
  return (JSON.parse(stdout) as { error: { code: string; message: string } }).error.code;
}
